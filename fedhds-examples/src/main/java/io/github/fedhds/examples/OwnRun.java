package io.github.fedhds.examples;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.JsonLines;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.federation.CheckpointFolder;
import io.github.fedhds.federation.FedHds;
import io.github.fedhds.federation.Federation;
import io.github.fedhds.federation.RoundListener;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.training.Adapter;
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

    /**
     * What can be set from outside.
     *
     * @param fraction share of the clients in a round; empty: 0.05, the paper's, but at least {@link #LEAST_ACTIVE} clients
     * @param clients number of clients that the tasks are dealt to; empty: one task a client
     * @param instances share of each client's instances; empty: 0.2 of Natural Instructions, all of JSON Lines
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
            double learningRate,
            boolean recompute,
            int answerTokens,
            int evaluateEvery,
            int patience,
            boolean resume,
            int parallel) {}

    OwnRun(Options options, PrintStream out) {
        this.options = options;
        this.out = out;
    }

    /**
     * Runs all rounds.
     *
     * @param featureModel gives the features; empty: the tuned model itself
     */
    void run(LanguageModel model, Path modelFolder, Optional<LanguageModel> featureModel) {
        Dataset dataset = dataset();
        Map<ClientId, List<Instruction>> clients = clients(dataset.training());
        double fraction =
                options.fraction().orElse(Math.max(0.05, Math.min(1, LEAST_ACTIVE / (double) clients.size())));
        List<Instruction> unseen = dataset.allUnseen();
        if (options.patience() > 0 && unseen.isEmpty()) {
            throw new FedHdsException(options.data() + " has no unseen tasks to evaluate on, which --patience needs");
        }
        FedHds.Builder parts = FedHds.on(model)
                .learningRate(options.learningRate())
                .trainer(trainer -> trainer.recompute(options.recompute()))
                .maxTokens(options.maxLength())
                .fusion(options.fusion().fusion());
        if (options.selection() == Selection.DIVERSE) {
            parts.pooling(Pooling.PARTS);
        }
        featureModel.ifPresent(parts::featureModel);
        options.featureCache().map(FeatureCache::inFolder).ifPresent(parts::featureCache);
        FedHds fedHds = parts.build();
        evaluate(
                fedHds,
                unseen.subList(0, Math.min(1, unseen.size())),
                Adapter.empty()); // fails before a folder is made
        Map<String, Object> config = config(model, modelFolder, clients, fraction, unseen);
        if (!options.resume()) {
            RunFolder.startAnew(List.of(options.folder()), options.rounds());
        }
        boolean begins = new CheckpointFolder(RunFolder.checkpoint(options.folder()))
                .saved()
                .isEmpty();
        RunFolder folder = new RunFolder(options.folder(), config);
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

        TunedRun.Setting setting = new TunedRun.Setting(
                fedHds,
                clients,
                options.rounds(),
                fraction,
                options.seed(),
                options.parallel(),
                federation -> kept(federation, fedHds, unseen, settings(config, clients, unseen)));
        RoundListener listener = new ConsoleProgress(
                        out, options.selection().name().toLowerCase(Locale.ROOT), options.rounds())
                .andThen(folder.listener());
        TunedRun run = switch (options.selection()) {
            case FEDHDS -> setting.fedHds(options.samplesPerGroup(), listener);
            case DIVERSE -> setting.diverse(samplesOfARound(clients, fraction), listener);
            case FULL -> setting.full(listener);
            case RANDOM ->
                setting.random(
                        context -> Math.max(1, (int) Math.round(options.share()
                                * clients.getOrDefault(context.client().orElseThrow(), List.of())
                                        .size())),
                        listener);
        };
        folder.adapter(fedHds.lora(), run.adapter(), modelFolder.toString());
        if (options.evaluateEvery() > 0) {
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
        if (run.samples() == 0 && run.rounds().stream().anyMatch(r -> r.result().chosen() > 0)) {
            out.println("every chosen instruction was left out, so the adapter is the first one, which changes nothing;"
                    + " if answers are too long, raise --max-length; if steps are not finite, lower --learning-rate");
        } else if (run.samples() == 0) {
            out.println("no group was chosen in any round, so the adapter is the first one, which changes nothing;"
                    + " give a round more clients (--fraction) or instances (--instances)");
        }
    }

    private Federation.Builder kept(
            Federation.Builder federation, FedHds fedHds, List<Instruction> unseen, Map<String, String> settings) {
        if (!unseen.isEmpty()) {
            federation
                    .evaluation(
                            options.evaluateEvery(),
                            adapter -> evaluate(fedHds, unseen, adapter).orElseThrow())
                    .patience(options.patience());
        }
        return federation
                .checkpoint(RunFolder.checkpoint(options.folder()), settings)
                .resume(options.resume());
    }

    /** What the result hangs on: folders may be moved, and a run may be made longer. */
    private static Map<String, String> settings(
            Map<String, Object> config, Map<ClientId, List<Instruction>> clients, List<Instruction> unseen) {
        Map<String, String> settings = new LinkedHashMap<>();
        config.forEach((name, value) -> settings.put(name, String.valueOf(value)));
        for (String other : List.of(
                "model", "data", "feature_model", "feature_cache", "rounds", "threads", "device", "parallel_clients")) {
            settings.remove(other); // the federation knows some of these itself
        }
        Hasher data = Hashing.sha256().newHasher();
        clients.forEach((client, list) -> put(data, client.value(), list));
        put(data, "unseen", unseen);
        settings.put("data of SHA-256", data.hash().toString());
        return settings;
    }

    private static void put(Hasher data, String owner, List<Instruction> list) {
        data.putInt(list.size());
        list.forEach(one -> {
            for (String text : List.of(owner, one.instruction(), one.input(), one.output(), one.task())) {
                data.putInt(text.length()).putUnencodedChars(text);
            }
        });
    }

    /** The share of what a round's clients hold on average, at least one sample. */
    private int samplesOfARound(Map<ClientId, List<Instruction>> clients, double fraction) {
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
        if (data.toString().endsWith(".jsonl")) {
            Dataset all = JsonLines.builder().seed(options.seed()).build().read(data);
            Map<String, List<Instruction>> part = new LinkedHashMap<>();
            all.training().forEach((task, list) -> part.put(task, part(list)));
            return new Dataset(part, all.unseen());
        }
        return Dataset.load(data, options.seed()); // says what a data path may be
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

    private Map<String, Object> config(
            LanguageModel model,
            Path modelFolder,
            Map<ClientId, List<Instruction>> clients,
            double fraction,
            List<Instruction> unseen) {
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
        config.put("learning_rate", options.learningRate());
        config.put("recompute", options.recompute());
        config.put("answer_tokens", options.answerTokens());
        config.put("device", model.device());
        config.put("threads", model.threads());
        config.put("parallel_clients", options.parallel());
        return config;
    }
}
