package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.simulation.CheckpointFolder;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A federation on the user's own model and data, whose result goes to a folder. */
final class OwnRun {
    /** With fewer clients the server rarely sees two centroids near each other, and then chooses none. */
    private static final int LEAST_ACTIVE = 16;

    private final Options options;
    private final PrintStream out;
    private final Dataset dataset;
    private final Map<ClientId, List<Instruction>> clients;
    private final List<Instruction> unseen;

    /**
     * What can be set from outside.
     *
     * @param fraction share of the clients in a round; empty: 0.05, the paper's, but at least {@link #LEAST_ACTIVE} clients
     * @param clients number of clients that the tasks are dealt to; empty: one task a client
     * @param instances share of each client's instances; empty: 0.2 of Natural Instructions, all of JSON Lines
     * @param targetModules modules that LoRA adapts; empty: those of the model's family
     */
    record Options(
            Path data,
            Path folder,
            int rounds,
            Optional<Double> fraction,
            Optional<Integer> clients,
            Optional<Double> instances,
            long seed,
            Selection selection,
            double share,
            int samplesPerGroup,
            FusionName fusion,
            Optional<Path> featureModel,
            Optional<Path> featureCache,
            int maxLength,
            Optional<List<String>> targetModules,
            double learningRate,
            boolean gradientCheckpointing,
            int answerTokens,
            int evaluateEvery,
            int patience,
            boolean resume,
            int parallel) {}

    /**
     * Reads the data, so that a fault in them is told before a large model is loaded.
     *
     * @throws FedHdsException if they are missing, broken or empty
     */
    OwnRun(Options options, PrintStream out) {
        this.options = options;
        this.out = out;
        dataset = dataset();
        clients = clients(dataset.training());
        unseen = dataset.allUnseen();
        if (options.patience() > 0 && unseen.isEmpty()) {
            throw new FedHdsException(options.data() + " has no unseen tasks to evaluate on, which --patience needs");
        }
    }

    /**
     * Runs all rounds.
     *
     * @param featureModel gives the features; empty: the tuned model itself
     * @return whether anything was trained; if not, no adapter is left
     */
    boolean run(LanguageModel model, Path modelFolder, Optional<LanguageModel> featureModel) {
        try {
            return tune(model, modelFolder, featureModel);
        } catch (FedHdsException | IllegalArgumentException | IllegalStateException e) {
            // NaN in weights comes to light wherever a number is looked at first; looking for it reads the whole model.
            boolean notFinite = String.valueOf(e.getMessage()).matches("(?s).*(NaN|[Ii]nfinit).*");
            if (notFinite) {
                damage(modelFolder).map(NothingTrained::damaged).ifPresent(damaged -> {
                    throw new FedHdsException(damaged, e);
                });
            }
            throw e;
        }
    }

    private Optional<String> damage(Path modelFolder) {
        return LanguageModel.firstNonFinite(modelFolder)
                .or(() -> options.featureModel().flatMap(LanguageModel::firstNonFinite));
    }

    private boolean tune(LanguageModel model, Path modelFolder, Optional<LanguageModel> featureModel) {
        double fraction =
                options.fraction().orElse(Math.max(0.05, Math.min(1, LEAST_ACTIVE / (double) clients.size())));
        FedHds fedHds = fedHds(model, featureModel);
        SampleEncoder encoder = model.sampleEncoder(PromptTemplate.alpaca(), options.maxLength());
        checkLength(encoder, model);
        evaluate(
                fedHds,
                unseen.subList(0, Math.min(1, unseen.size())),
                Adapter.empty()); // fails before a folder is made
        if (!options.resume()) {
            RunFolder.startAnew(List.of(options.folder()), options.rounds());
        }
        boolean begins = new CheckpointFolder(RunFolder.checkpoint(options.folder()))
                .saved()
                .isEmpty();
        RunFolder folder = new RunFolder(options.folder(), config(fedHds, modelFolder, fraction));
        out.printf(
                Locale.ROOT,
                "%d clients with %d instructions of %d tasks, %d instructions of %d unseen tasks; device %s%n",
                clients.size(),
                clients.values().stream().mapToInt(List::size).sum(),
                dataset.training().size(),
                unseen.size(),
                dataset.unseen().size(),
                model.device());
        if (begins) {
            evaluate(fedHds, unseen, Adapter.empty())
                    .ifPresent(base -> out.printf(Locale.ROOT, "base model: Rouge-L %.4f on unseen tasks%n", base));
        }

        Map<String, String> fingerprint = fingerprint(fedHds, modelFolder, featureModel, fraction);
        TunedRun.Setting setting = new TunedRun.Setting(
                fedHds,
                clients,
                options.rounds(),
                fraction,
                options.seed(),
                options.parallel(),
                federation -> folder.listened(kept(federation, fedHds, fingerprint)));
        TunedRun run;
        try (ConsoleProgress progress =
                new ConsoleProgress(out, options.selection().name().toLowerCase(Locale.ROOT), options.rounds())) {
            run = chosen(setting, fraction, progress);
        }
        boolean trained = run.samples() > 0;
        if (trained) {
            folder.adapter(fedHds.lora(), run.adapter(), modelFolder.toString());
        }
        if (trained && options.evaluateEvery() > 0) {
            run.best().ifPresent(best -> {
                folder.bestAdapter(fedHds.lora(), best.adapter(), modelFolder.toString());
                out.printf(Locale.ROOT, "best: Rouge-L %.4f after round %d%n", best.score(), best.round());
            });
        }
        out.printf(
                Locale.ROOT,
                "trained on %d of the %d instructions that the rounds' clients hold (%.2f %%); wrote %s%n",
                run.samples(),
                setting.held(run),
                100.0 * run.samples() / Math.max(1, setting.held(run)),
                options.folder());
        fedHds.featureCache().map(FeatureCache::statistics).ifPresent(this::tell);
        boolean notFinite =
                run.rounds().stream().anyMatch(round -> round.result().counts().skippedNonFinite() > 0);
        Optional<String> damage = notFinite ? damage(modelFolder) : Optional.empty();
        if (!trained) {
            out.println("nothing was trained, so there is no adapter: "
                    + NothingTrained.causes(run.rounds(), help(encoder, model), damage));
        } else if (notFinite) {
            out.println("some training steps were not finite and were left out: "
                    + damage.map(NothingTrained::damaged).orElse("lower --learning-rate"));
        }
        return trained;
    }

    private FedHds fedHds(LanguageModel model, Optional<LanguageModel> featureModel) {
        FedHds.Builder parts = FedHds.on(model)
                .learningRate(options.learningRate())
                .trainer(trainer -> trainer.gradientCheckpointing(options.gradientCheckpointing()))
                .maxTokens(options.maxLength())
                .fusion(options.fusion().fusion());
        if (options.selection() == Selection.DIVERSE) {
            parts.pooling(Pooling.PARTS);
        }
        featureModel.ifPresent(parts::featureModel);
        options.featureCache().map(FeatureCache::inFolder).ifPresent(parts::featureCache);
        if (options.targetModules().isEmpty()) {
            return parts.build();
        }
        List<String> modules = options.targetModules().get();
        try {
            return parts.lora(LoraConfig.defaults().withTargetModules(modules)).build();
        } catch (IllegalArgumentException e) {
            throw new FedHdsException("--target-modules " + String.join(",", modules) + ": " + e.getMessage(), e);
        }
    }

    /** Refuses a length at which no sample can be trained on, and answers that cannot be generated. */
    private void checkLength(SampleEncoder encoder, LanguageModel model) {
        int template = encoder.templateTokens();
        int room = encoder.maxTokens() - template;
        int answer = unseen.isEmpty() ? 1 : Math.min(options.answerTokens(), encoder.maxTokens() / 2);
        if (room >= Math.max(answer, 2)) { // a token of the answer, and the EOS id
            return;
        }
        String has = "the prompt template alone has " + template + " of this model's tokens";
        String lower = room >= 2 ? "lower --answer-tokens to " + room + " or less" : "";
        int context = model.config().contextLength();
        if (encoder.maxTokens() < context) {
            throw new FedHdsException("--max-length " + options.maxLength() + " is too small: " + has
                    + "; raise it to more than " + (template + answer) + ", at most " + context
                    + ", the model's context length" + (lower.isEmpty() ? "" : ", or " + lower));
        }
        throw new FedHdsException("the model's context length of " + context + " is too short: " + has + "; "
                + (lower.isEmpty() ? "tune a model with a longer context" : lower));
    }

    private NothingTrained.Help help(SampleEncoder encoder, LanguageModel model) {
        boolean paper = options.selection() == Selection.FEDHDS;
        return new NothingTrained.Help(
                "give each client more of them (--instances 1, fewer --clients), or choose with --selection "
                        + (paper ? "diverse" : "random"),
                "give a round more clients (--fraction)" + (paper ? ", or choose with --selection diverse" : ""),
                tooLong(encoder, model));
    }

    private String tooLong(SampleEncoder encoder, LanguageModel model) {
        String beside = "their answers do not fit beside the " + encoder.templateTokens()
                + " tokens of the prompt template into ";
        return encoder.maxTokens() < model.config().contextLength()
                ? beside + "--max-length " + options.maxLength() + "; raise it, at most to "
                        + model.config().contextLength() + ", the model's context length"
                : beside + "the model's context length of " + encoder.maxTokens()
                        + "; shorten the answers, or tune a model with a longer context";
    }

    private TunedRun chosen(TunedRun.Setting setting, double fraction, RoundListener listener) {
        return switch (options.selection()) {
            case FEDHDS -> setting.fedHds(options.samplesPerGroup(), listener);
            case DIVERSE -> setting.diverse(samplesOfARound(fraction), listener);
            case FULL -> setting.full(listener);
            case RANDOM ->
                setting.random(
                        context -> Math.max(1, (int) Math.round(options.share()
                                * clients.getOrDefault(context.client().orElseThrow(), List.of())
                                        .size())),
                        listener);
        };
    }

    private Federation.Builder kept(Federation.Builder federation, FedHds fedHds, Map<String, String> fingerprint) {
        if (!unseen.isEmpty()) {
            federation
                    .evaluation(
                            options.evaluateEvery(),
                            adapter -> evaluate(fedHds, unseen, adapter).orElseThrow())
                    .patience(options.patience());
        }
        return federation
                .checkpoint(RunFolder.checkpoint(options.folder()), fingerprint)
                .resume(options.resume());
    }

    /** All that the result depends on; a run may be made longer, and evaluated at other times. */
    private Map<String, String> fingerprint(
            FedHds fedHds, Path modelFolder, Optional<LanguageModel> featureModel, double fraction) {
        LanguageModel model = fedHds.model();
        Fingerprint fingerprint = new Fingerprint()
                .withModel("--model", model.digest(), modelFolder)
                .with("--clients", options.clients().map(String::valueOf).orElse("one a task"))
                .with("--instances", options.instances().map(String::valueOf).orElse("the default"))
                .with("--seed", options.seed())
                .withData("--data", clients, unseen)
                .with("--fraction", fraction)
                .with("--selection", options.selection())
                .with("--fusion", options.fusion())
                .with("--max-length", options.maxLength())
                .with("--target-modules", fedHds.lora().targetModules())
                .with("--learning-rate", options.learningRate())
                .with("--answer-tokens", options.answerTokens())
                .with("--precision", model.precision())
                .with("--device", model.device())
                .with("--feature-model", featureModel.isPresent() ? "given" : "not given");
        if (options.selection() == Selection.RANDOM || options.selection() == Selection.DIVERSE) {
            fingerprint.with("--share", options.share());
        }
        if (options.selection() == Selection.FEDHDS) {
            fingerprint.with("--samples-per-group", options.samplesPerGroup());
        }
        featureModel.ifPresent(features -> fingerprint.withModel(
                "--feature-model", features.digest(), options.featureModel().orElseThrow()));
        return fingerprint.settings();
    }

    /** The share of what a round's clients hold on average, at least one sample. */
    private int samplesOfARound(double fraction) {
        long held = clients.values().stream().mapToLong(List::size).sum();
        return Math.max(1, (int) Math.round(options.share() * fraction * held));
    }

    private void tell(FeatureCache.Statistics rows) {
        out.printf(Locale.ROOT, "feature rows: %d computed, %d taken from the cache", rows.misses(), rows.hits());
        if (rows.damaged() > 0) {
            out.printf(Locale.ROOT, ", %d damaged files computed again", rows.damaged());
        }
        if (rows.unkept() > 0) {
            out.printf(Locale.ROOT, ", %d could not be written", rows.unkept());
        }
        out.println();
    }

    private Dataset dataset() {
        Path data = options.data();
        if (Files.isDirectory(data.resolve("tasks"))) {
            NaturalInstructions.Builder reader = NaturalInstructions.builder().seed(options.seed());
            options.instances().ifPresent(reader::share);
            return reader.build().read(data);
        }
        Dataset all = Dataset.load(data, options.seed());
        Map<String, List<Instruction>> part = new LinkedHashMap<>();
        all.training().forEach((task, list) -> part.put(task, part(list)));
        return new Dataset(part, all.unseen());
    }

    private List<Instruction> part(List<Instruction> list) {
        double share = options.instances().orElse(1.0);
        if (share >= 1) {
            return list;
        }
        List<Instruction> shuffled = new ArrayList<>(list);
        Collections.shuffle(shuffled, new Random(options.seed()));
        return shuffled.subList(0, Math.max(1, (int) Math.round(share * list.size())));
    }

    private Map<ClientId, List<Instruction>> clients(Map<String, List<Instruction>> tasks) {
        if (tasks.isEmpty()) {
            throw new FedHdsException(options.data() + " has no training instructions");
        }
        if (options.clients().isEmpty() && tasks.containsKey("")) {
            throw new FedHdsException(options.data() + " has instructions without a task, so there is no task a client;"
                    + " deal them to a number of clients with --clients");
        }
        return options.clients()
                .map(count -> Partitions.dirichlet(tasks, count, 0.5, 1, options.seed()))
                .orElseGet(() -> Partitions.byTask(tasks));
    }

    private Optional<Double> evaluate(FedHds fedHds, List<Instruction> unseen, Adapter adapter) {
        if (unseen.isEmpty()) {
            return Optional.empty();
        }
        AnswerEvaluator evaluator = fedHds.evaluator(options.answerTokens());
        return Optional.of(fedHds.evaluate(evaluator, unseen, adapter).rougeL());
    }

    private Map<String, Object> config(FedHds fedHds, Path modelFolder, double fraction) {
        LanguageModel model = fedHds.model();
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model", modelFolder.toString());
        config.put("data", options.data().toString());
        config.put("clients", clients.size());
        config.put(
                "instructions", clients.values().stream().mapToInt(List::size).sum());
        config.put("unseen_instructions", unseen.size());
        config.put("rounds", options.rounds());
        config.put("fraction", fraction);
        options.instances().ifPresent(share -> config.put("instances", share));
        config.put("seed", options.seed());
        config.put("selection", options.selection().name().toLowerCase(Locale.ROOT));
        if (options.selection() == Selection.RANDOM || options.selection() == Selection.DIVERSE) {
            config.put("share", options.share());
        }
        if (options.selection() == Selection.FEDHDS) {
            config.put("samples_per_group", options.samplesPerGroup());
        }
        config.put("fusion", options.fusion().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        options.featureModel().ifPresent(path -> config.put("feature_model", path.toString()));
        options.featureCache().ifPresent(path -> config.put("feature_cache", path.toString()));
        config.put("max_length", options.maxLength());
        config.put("target_modules", fedHds.lora().targetModules());
        config.put("learning_rate", options.learningRate());
        config.put("gradientCheckpointing", options.gradientCheckpointing());
        config.put("answer_tokens", options.answerTokens());
        config.put("device", model.device());
        config.put("threads", model.threads());
        config.put("parallel_clients", options.parallel());
        return config;
    }
}
