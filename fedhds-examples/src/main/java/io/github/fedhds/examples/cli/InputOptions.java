package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.setup.ModelPool;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of what a command reads: the model, the data and its clients, and the features. */
class InputOptions {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            description =
                    "Hugging Face folder: config.json, model.safetensors (or shards with an index), tokenizer.json;"
                            + " or a GGUF file")
    Optional<Path> model = Optional.empty();

    @Option(
            names = "--tokenizer",
            paramLabel = "FILE",
            description =
                    "tokenizer.json of a GGUF --model, in place of the vocabulary in it; tokenizer_config.json and"
                            + " chat_template.jinja beside it are read, too (default: the file's vocabulary)")
    Optional<Path> tokenizer = Optional.empty();

    @Option(
            names = "--data",
            paramLabel = "PATH",
            description =
                    "Natural Instructions folder (tasks/*.json, splits/default/*.txt), or a file or folder of files:"
                            + " JSON objects, JSON array, CSV or Parquet, also gzipped, of {instruction, input, output, task},"
                            + " Dolly's names, {prompt, completion}, {messages} or {conversations}")
    Optional<Path> data = Optional.empty();

    @Option(
            names = "--instances",
            paramLabel = "SHARE",
            description = "share of each client's instances (Natural Instructions: 0.2; else 1)")
    Optional<Double> instances = Optional.empty();

    @Option(
            names = "--held-out",
            split = ",",
            paramLabel = "TASK",
            description =
                    "tasks that no client has, or beginnings of their names, separated by commas (default: a tenth of the"
                            + " tasks, drawn with --seed; of Natural Instructions the test tasks)")
    List<String> heldOut = List.of();

    @Option(
            names = "--template",
            paramLabel = "NAME",
            description =
                    "prompt template: auto (the model's own chat template; alpaca if it has none), alpaca, chatml,"
                            + " llama2, llama3, mistral or mistral-v1 (default: auto)")
    TemplateName template = TemplateName.AUTO;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "longest sample in tokens (default: 1024, or the model's context length)")
    int maxLength = 1024;

    @Option(
            names = "--feature-model",
            paramLabel = "DIR",
            description = "folder of a small model that gives the features instead of the tuned one (Turbo)")
    Optional<Path> featureModel = Optional.empty();

    @Option(
            names = "--feature-layers",
            paramLabel = "N",
            description = "compute the features from so many first layers only, which takes less time (default: all)")
    Optional<Integer> featureLayers = Optional.empty();

    @Option(
            names = "--feature-cache",
            paramLabel = "DIR",
            description = "folder that keeps the feature rows for later runs (default: 256 MiB of memory)")
    Optional<Path> featureCache = Optional.empty();

    @Option(
            names = "--feature-cache-size",
            paramLabel = "GIB",
            description = "GiB of rows that --feature-cache holds; the least recently used are deleted (default: 10)")
    int featureCacheSize = 10;

    /** Options of the tuned model, from those of all models. */
    final ModelOptions ofModel(ModelOptions all) {
        return tokenizer.map(all::withTokenizer).orElse(all);
    }

    /**
     * Rejects values out of range.
     *
     * @throws ParameterException if there is one; the message names the option
     */
    final void checkInput(CommandLine line) {
        if (featureCache.isEmpty() && line.getParseResult().hasMatchedOption("--feature-cache-size")) {
            throw new ParameterException(line, "--feature-cache-size needs --feature-cache");
        }
        RunOptions.range(line, "--feature-cache-size", featureCacheSize, 1, 1_000_000);
        featureLayers.ifPresent(value -> RunOptions.range(line, "--feature-layers", value, 1, 100_000));
        RunOptions.range(line, "--max-length", maxLength, 2, Integer.MAX_VALUE);
        instances.ifPresent(value -> RunOptions.share(line, "--instances", value));
    }

    /**
     * A builder with these settings.
     *
     * @param featureModels model for the features, on each device; empty: the tuned model
     * @throws FedHdsException if a value does not fit the model
     */
    final FedHdsBuilder on(ModelPool models, Optional<ModelPool> featureModels, FusionName fusion) {
        FedHdsBuilder parts = FedHds.on(models).maxTokens(maxLength).fusion(fusion.fusion());
        if (template != TemplateName.AUTO) {
            parts.template(template.of(models.first()));
        }
        featureModels.ifPresent(parts::featureModel);
        int layers = featureModels.orElse(models).first().config().layers();
        featureLayers.filter(n -> n > layers).ifPresent(n -> {
            throw new FedHdsException("--feature-layers " + n + " is more than the " + layers
                    + " layers of the model that computes the features");
        });
        featureLayers.ifPresent(parts::featureLayers);
        featureCache
                .map(rows -> FeatureCache.inFolder(rows, (long) featureCacheSize << 30))
                .ifPresent(parts::featureCache);
        return parts;
    }
}
