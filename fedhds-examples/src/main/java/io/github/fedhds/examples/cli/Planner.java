package io.github.fedhds.examples.cli;

import io.github.fedhds.dataset.DataCounts;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.model.Precision;
import io.github.fedhds.monitoring.Traffic;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.ModelPool;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.tokenizer.TokenCounts;
import io.github.fedhds.transformer.LanguageModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Makes the plan of a run: counts its data, rehearses a round, and measures the speed on a few samples. */
final class Planner {
    /** From this share of the time on, features are worth advice. */
    private static final double MUCH = 0.5;

    /** Instructions for each group that the clients of the recommended selection found in Natural Instructions. */
    private static final int GROUP = 7;

    /** The same for the paper's selection, whose groups have 5 samples or more. */
    private static final int PAPER_GROUP = 20;

    /** With fewer instructions a client rarely has two groups of 5 samples, and without two HDBSCAN finds none. */
    private static final int LEAST_FOR_GROUPS = 15;

    private final RunOptions options;
    private final OwnOptions own;
    private final OwnSetup setup;
    private final List<Instruction> all;
    private final boolean cached;

    /** Reads the data. The options have been checked. */
    Planner(RunOptions options, OwnOptions own) {
        cached = own.featureCache.isPresent();
        own.featureCache = Optional.empty(); // a probe's rows are not for later runs
        this.options = options;
        this.own = own;
        this.setup = new OwnSetup(options, own);
        this.all =
                setup.data().clients().values().stream().flatMap(List::stream).toList();
    }

    /** @param featureModels model for the features; empty: the tuned model */
    Plan plan(ModelPool models, Optional<ModelPool> featureModels) {
        LanguageModel model = models.first();
        SampleEncoder encoder = setup.length(model).encoder();
        FedHds fedHds = setup.fedHds(models, featureModels);
        PrivacyMeasures privacy = setup.privacy(models, featureModels);
        LanguageModel ofFeatures = featureModels.orElse(models).first();
        SampleEncoder featureEncoder = featureModels.isPresent()
                ? ofFeatures.sampleEncoder(own.template.of(ofFeatures), own.maxLength)
                : encoder;
        Probe probe = new Probe(fedHds, encoder, options.seed);
        int threads = Math.min(options.parallel(), setup.active());
        Probe.Features features = own.selection.needsFeatures()
                ? probe.features(all, featureEncoder, threads)
                : new Probe.Features(Probe.Speed.NONE, FeatureMatrix.of(1, 1, 1, row -> new float[] {1}));
        RehearsedRound round = RehearsedRound.of(
                fedHds,
                setup,
                options,
                features.rows(),
                own.selection == SelectionName.FEDHDS ? PAPER_GROUP : GROUP,
                privacy.isOfClients() ? privacy.budget() : Optional.empty());
        Probe.Speed training = probe.training(all, round.trained(), setup.rounds() - 1, own.epochs, threads);
        List<List<Instruction>> batches = probe.batches(setup.data().unseen(), own.answerTokens);
        Probe.Speed evaluation = probe.evaluation(batches, own.answerTokens, options.parallel());
        OptionalLong peak = PeakMemory.ofLongRun(); // counting, which a run does not do, enlarges the heap

        DataCounts read = DataCounts.of(own.data.orElseThrow());
        TokenCounts counts = TokenCounts.forTraining(encoder, all);
        long featureTokens = featureModels.isPresent()
                ? TokenCounts.forFeatures(featureEncoder, all).total()
                : counts.total() + (long) counts.tooLong() * encoder.maxTokens();

        double passes = own.selection.needsFeatures()
                ? ChoiceLines.expectedPasses(setup.fraction(), setup.rounds(), own.hasFixedFeatures())
                : 0;
        long trainingTokens = Math.round(round.samples() * own.epochs * counts.mean());
        Plan.Tokens tokens = new Plan.Tokens(
                counts.total(),
                counts.quantile(0.5),
                counts.quantile(0.95),
                counts.quantile(1),
                counts.cut(),
                counts.tooLong(),
                Math.round(featureTokens * passes / setup.rounds()),
                trainingTokens,
                TokenCounts.forGeneration(encoder, setup.data().unseen(), answerRoom(encoder))
                        .total());
        int evaluations = batches.isEmpty() ? 0 : evaluations();
        double[] seconds = {
            features.speed().secondsFor(featureTokens * passes),
            round.coldSeconds() + (setup.rounds() - 1) * round.warmSeconds(),
            training.secondsFor((double) trainingTokens * setup.rounds()),
            evaluation.secondsFor((double) batches.size() * evaluations)
        };
        Plan.Seconds time = new Plan.Seconds(
                round.samples(),
                seconds[0],
                seconds[1],
                seconds[2],
                seconds[3],
                evaluations,
                seconds[0] + seconds[1] + seconds[2] + seconds[3]);
        Plan.Memory memory = new Plan.Memory(
                peak.isPresent() ? Optional.of(peak.getAsLong()) : Optional.empty(), PeakMemory.ofMachine());
        Plan.Data data = data(read);
        return new Plan(
                data,
                tokens,
                model(fedHds),
                memory,
                bytes(round),
                time,
                privacy.isAny() ? Optional.of(privacy.promise()) : Optional.empty(),
                advice(data, tokens, memory, time, model.config().contextLength()));
    }

    private int answerRoom(SampleEncoder encoder) {
        return Math.min(own.answerTokens, encoder.maxTokens() / 2);
    }

    /** The base model's, those every few rounds, and the one after the last round. */
    private int evaluations() {
        int rounds = setup.rounds();
        int every = own.evaluateEvery;
        return 1 + (every == 0 ? 1 : (rounds + every - 1) / every);
    }

    private Plan.Data data(DataCounts read) {
        OwnData data = setup.data();
        List<Integer> sizes = new ArrayList<>();
        data.clients().values().forEach(list -> sizes.add(list.size()));
        Collections.sort(sizes);
        return new Plan.Data(
                read,
                data.instructions(),
                data.tasks(),
                sizes.size(),
                sizes.get(0),
                sizes.get((sizes.size() - 1) / 2),
                sizes.get(sizes.size() - 1),
                data.unseenTasks(),
                data.unseen().size());
    }

    private static Plan.Model model(FedHds fedHds) {
        LanguageModel model = fedHds.model();
        return new Plan.Model(
                String.valueOf(model.config().family()).toLowerCase(Locale.ROOT),
                ModelSize.parameters(model.config()),
                LoraTrainer.firstAdapter(model, fedHds.lora(), 0).parameters(),
                OptionNames.of(model.precision()),
                model.device().replace("()", ""));
    }

    private Plan.Bytes bytes(RehearsedRound round) {
        Traffic.Count sum = round.traffic().values().stream().reduce(Traffic.Count.NONE, Traffic.Count::plus);
        return new Plan.Bytes(
                round.clients(),
                round.traffic(),
                sum.bytesDown() / Math.max(1, round.clients()),
                sum.bytesUp() / Math.max(1, round.clients()),
                sum.bytes() * setup.rounds());
    }

    private List<String> advice(
            Plan.Data data, Plan.Tokens tokens, Plan.Memory memory, Plan.Seconds time, int context) {
        List<String> all = new ArrayList<>();
        memory.peak().filter(peak -> peak > 0.9 * memory.machine()).ifPresent(peak -> all.add(savingMemory()));
        if (own.selection == SelectionName.FEDHDS && data.median() < LEAST_FOR_GROUPS) {
            all.add("half of the clients have " + data.median()
                    + " instructions or fewer, in which the paper's selection"
                    + " rarely finds a group; give each client more (--instances 1, fewer --clients), or take --selection"
                    + " recommended");
        }
        if (time.samples() == 0) {
            all.add("a round would train on nothing; give it more clients (--fraction), or take "
                    + (own.selection == SelectionName.RECOMMENDED ? "a larger --share" : "--selection recommended"));
        }
        if (time.features() > MUCH * time.total() && time.features() > 60) {
            all.add(savingFeatures());
        }
        if (tokens.tooLong() > 0) {
            all.add(tokens.tooLong() + " instructions are never trained on, because their answers do not fit; "
                    + (own.maxLength < context
                            ? "raise --max-length"
                            : "the model reads " + context + " tokens at most, so shorten them or leave them out"));
        }
        return all;
    }

    private String savingMemory() {
        List<String> ways = new ArrayList<>();
        if (!own.gradientCheckpointing) {
            ways.add("--gradient-checkpointing");
        }
        if (options.parallel() > 1) {
            ways.add("--parallel 1");
        }
        if (options.precision == Precision.FLOAT32) {
            ways.add("--precision bfloat16");
        }
        ways.add("a smaller --max-length");
        return "the run takes nearly all memory of this machine or more; try " + String.join(", ", ways);
    }

    private String savingFeatures() {
        List<String> ways = new ArrayList<>();
        if (!own.hasFixedFeatures()) {
            ways.add("--selection recommended, which computes each row once");
        } else if (!cached) {
            ways.add("--feature-cache FOLDER, which keeps them for later runs");
        }
        if (own.featureLayers.isEmpty()) {
            ways.add("--feature-layers with a part of the layers");
        }
        if (own.featureModel.isEmpty()) {
            ways.add("--feature-model with a smaller model");
        }
        return "features take most of the time; try "
                + (ways.isEmpty() ? "a smaller --instances" : String.join(", or ", ways));
    }
}
