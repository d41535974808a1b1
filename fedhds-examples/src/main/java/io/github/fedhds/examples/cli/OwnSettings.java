package io.github.fedhds.examples.cli;

import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a run on the user's model and data is repeated with: its config.json and the settings that a resume compares. */
record OwnSettings(RunOptions options, OwnOptions own, OwnData data, int rounds, double fraction) {
    /**
     * All settings that the result depends on. A resume may change the number of rounds and when they are evaluated.
     */
    Map<String, String> fingerprint(FedHds fedHds, Path modelFolder, Optional<LanguageModel> featureModel) {
        LanguageModel model = fedHds.model();
        Fingerprint fingerprint = new Fingerprint()
                .withModel("--model", model, modelFolder)
                .with("--clients", options.clients.map(String::valueOf).orElse("one per task"))
                .with("--instances", own.instances.map(String::valueOf).orElse("the default"))
                .with("--seed", options.seed)
                .with("--evaluate-limit", own.evaluateLimit.map(String::valueOf).orElse("all"))
                .with("--evaluate-tasks", own.evaluateTasks.isEmpty() ? "all" : own.evaluateTasks)
                .withData("--data", data.clients(), data.unseen())
                .with("--fraction", fraction)
                .with("--selection", own.selection)
                .with("--fusion", options.fusion)
                .with(
                        "--template",
                        TemplateName.of(own.template.of(model)) + " "
                                + fedHds.agreedSettings().get("prompt template"))
                .with("--max-length", longestSample(model, featureModel))
                .with("--target-modules", fedHds.lora().targetModules())
                .with(
                        "--learning-rate",
                        options.learningRate.<Object>map(rate -> rate).orElse("by steps"))
                .with("--epochs", own.epochs)
                .with("--answer-tokens", own.answerTokens)
                .with("--precision", model.precision())
                .with("--device", model.device())
                .with("--feature-model", featureModel.isPresent() ? "given" : "not given")
                .with("--feature-layers", own.featureLayers.map(String::valueOf).orElse("all"));
        own.partition.ifPresent(partition -> fingerprint.with("--partition", partition));
        if (!own.heldOut.isEmpty()) {
            fingerprint.with("--held-out", own.heldOut);
        }
        if (own.selection.hasShare()) {
            fingerprint.with("--share", own.share);
        }
        if (own.selection == SelectionName.FEDHDS) {
            fingerprint.with("--samples-per-group", options.samplesPerGroup.orElse(1));
        }
        if (own.clustering == ClusteringName.KMEANS) {
            fingerprint.with("--clustering", own.clustering).with("--groups", own.groups);
        }
        own.epsilon.ifPresent(epsilon -> fingerprint
                .with("--epsilon", epsilon)
                .with("--delta", own.delta)
                .with("--rounds", rounds) // the noise is planned for them
                .with("--clip", own.clip.map(String::valueOf).orElse("none"))
                .with("--noise-by", own.noiseBy)
                .with("--report-centroids", own.reportCentroids)
                .with("--public-samples", own.publicSamples));
        if (own.secureAggregation) {
            fingerprint.with("--secure-aggregation", "on");
            own.clip.ifPresent(norm -> fingerprint.with("--clip", norm));
        }
        featureModel.ifPresent(
                features -> fingerprint.withModel("--feature-model", features, own.featureModel.orElseThrow()));
        return fingerprint.settings();
    }

    /** All that the base model's score depends on. */
    Fingerprint scored(FedHds fedHds) {
        Map<String, String> agreed = fedHds.agreedSettings();
        return new Fingerprint()
                .with("model", fedHds.model().digest())
                .with("tokenizer", fedHds.model().tokenizerDigest())
                .withData("--data", Map.of(), data.unseen())
                .with("--template", String.valueOf(agreed.get("prompt template")))
                .with("--max-length", longestSample(fedHds.model(), Optional.empty()))
                .with("--answer-tokens", own.answerTokens)
                .with("--precision", fedHds.model().precision())
                .with("--device", fedHds.model().device())
                .with("library version", String.valueOf(agreed.get("library version")));
    }

    /** The value of --max-length; values above the context lengths of all models have the same effect. */
    private int longestSample(LanguageModel model, Optional<LanguageModel> featureModel) {
        int context = model.config().contextLength();
        int ofFeatures = featureModel.map(m -> m.config().contextLength()).orElse(0);
        return Math.min(own.maxLength, Math.max(context, ofFeatures));
    }

    Map<String, Object> config(FedHds fedHds, ModelPool models, Path modelFolder) {
        LanguageModel model = models.first();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put(ConfigFile.OPTIONS, options.given);
        config.put("model", modelFolder.toString());
        own.tokenizer.ifPresent(file -> config.put("tokenizer", file.toString()));
        config.put("data", own.data.orElseThrow().toString());
        config.put(
                "partition", PartitionChoice.of(own.partition, options.clients).toString());
        config.put("clients", data.clients().size());
        config.put("instructions", data.instructions());
        config.put("unseen_instructions", data.unseen().size());
        config.put("rounds", rounds);
        config.put("fraction", fraction);
        own.instances.ifPresent(share -> config.put("instances", share));
        config.put("seed", options.seed);
        config.put("selection", OptionNames.of(own.selection));
        if (own.selection.hasShare()) {
            config.put("share", own.share);
        }
        if (own.selection == SelectionName.FEDHDS) {
            config.put("samples_per_group", options.samplesPerGroup.orElse(1));
            config.put("clustering", OptionNames.of(own.clustering));
        }
        if (own.clustering == ClusteringName.KMEANS) {
            config.put("groups", own.groups);
        }
        if (!own.selection.unused().contains("--fusion")) {
            config.put("fusion", OptionNames.of(options.fusion));
        }
        own.featureModel.ifPresent(path -> config.put("feature_model", path.toString()));
        own.featureLayers.ifPresent(layers -> config.put("feature_layers", layers));
        own.featureCache.ifPresent(path -> config.put("feature_cache", path.toString()));
        own.epsilon.ifPresent(epsilon -> {
            config.put("epsilon", epsilon);
            config.put("delta", own.delta);
            config.put("noise_by", OptionNames.of(own.noiseBy));
            config.put("report_centroids", own.reportCentroids);
            config.put("public_samples", own.publicSamples);
        });
        own.clip.ifPresent(norm -> config.put("clip", norm));
        config.put("secure_aggregation", own.secureAggregation);
        config.put("template", TemplateName.of(own.template.of(model)));
        config.put("max_length", longestSample(model, Optional.empty()));
        config.put("target_modules", fedHds.lora().targetModules());
        options.learningRate.ifPresent(rate -> config.put("learning_rate", rate));
        config.put("epochs", own.epochs);
        config.put("gradient_checkpointing", own.gradientCheckpointing);
        config.put("answer_tokens", own.answerTokens);
        config.put("device", deviceNames(models));
        config.put("threads", model.threads());
        config.put("parallel_clients", options.parallel());
        return config;
    }

    /** The models' devices without the parentheses of the only processor. */
    static String deviceNames(ModelPool models) {
        return models.models().stream()
                .map(model -> model.device().replace("()", ""))
                .collect(Collectors.joining(","));
    }
}
