package io.github.fedhds.examples.paper;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.examples.comparison.Bed;
import io.github.fedhds.examples.comparison.ShareOfEach;
import io.github.fedhds.examples.comparison.UnseenScore;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.BudgetSelector;
import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.ScoreSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;

/** Runs a federation with the settings of an arm, and takes its figures. */
final class PaperRun {
    private final LanguageModel model;
    private final Optional<LanguageModel> small;
    private final PromptTemplate template;
    private final Bed bed;
    private final Scale scale;
    private final Map<String, String> settings;

    /**
     * Settings that all runs have in common.
     *
     * @param clients number of clients, of partitions other than {@code task}
     * @param rate learning rate with few samples; 0: the library's, which depends on the number of steps
     * @param fullRate learning rate with full data; 0 likewise
     * @param epochs passes over few samples; full data have one
     * @param frozen whether all features are those of the base model, each computed once, and not those of the tuned
     *     model of the round
     * @param cache folder of the features that training does not change
     */
    record Scale(
            int clients,
            int rounds,
            double rate,
            double fullRate,
            int epochs,
            boolean frozen,
            int answerTokens,
            int parallel,
            Optional<Path> cache) {}

    /**
     * @param small model of the features of {@link Choice#TURBO}; empty: the first third of the base model's layers
     * @param settings a description of all of these, kept with each result
     */
    PaperRun(
            LanguageModel model,
            Optional<LanguageModel> small,
            PromptTemplate template,
            Bed bed,
            Scale scale,
            Map<String, String> settings) {
        this.model = model;
        this.small = small;
        this.template = template;
        this.bed = bed;
        this.scale = scale;
        this.settings = settings;
    }

    /**
     * Runs all rounds and evaluates the last adapter.
     *
     * @param fedHds the run of {@link Choice#FEDHDS} with the same seed, clients and rounds, if the arm follows it
     */
    Outcome run(Arm arm, long seed, Optional<Outcome> fedHds) {
        if (arm.choice() == Choice.BASE) {
            return base(arm, seed);
        }
        Map<ClientId, List<Instruction>> data = bed.clients(arm.partition(), scale.clients(), seed);
        boolean full = arm.choice() == Choice.FULL;
        int epochs = full || arm.choice() == Choice.FULL_EQUAL_STEPS ? 1 : scale.epochs();
        double rate = full ? scale.fullRate() : scale.rate();
        Observed observed = new Observed();
        Selection selection = selection(arm, fedHds);
        FedHdsBuilder builder = FedHds.on(model)
                .template(template)
                .maxTokens(Math.min(1024, model.config().contextLength()))
                .fusion(arm.reduction().fusion())
                .epochs(epochs)
                .frozenFeatures(scale.frozen() || arm.choice() == Choice.RECOMMENDED)
                .selection(observesGroups(arm) ? selection.withClient(observed.client(selection.client())) : selection);
        if (rate > 0) {
            builder.learningRate(rate);
        }
        scale.cache().map(FeatureCache::inFolder).ifPresent(builder::featureCache);
        if (arm.choice() == Choice.TURBO) {
            small.ifPresentOrElse(
                    builder::featureModel,
                    () -> builder.frozenFeatures(true)
                            .featureLayers(Math.max(1, model.config().layers() / 3)));
        }
        FedHds parts = builder.build();
        Map<Integer, Set<String>> trained = new ConcurrentHashMap<>();
        Map<String, Integer> counts = new ConcurrentHashMap<>();
        LocalTrainer recording = (instructions, round) -> {
            Set<String> tasks = trained.computeIfAbsent(round.round(), r -> ConcurrentHashMap.newKeySet());
            instructions.forEach(instruction -> tasks.add(instruction.task()));
            counts.put(place(round), instructions.size());
            return parts.trainer().train(instructions, round);
        };
        Federation federation = Federation.builder(parts)
                .clients(data)
                .activeShare(arm.fraction())
                .rounds(scale.rounds())
                .seed(seed)
                .parallelClients(scale.parallel())
                .clientSettings(client -> client.trainer(recording))
                .serverSettings(server -> server.selector(observed.server(selection.server(), arm.noise())))
                .build();
        List<RoundReport> reports = federation.run();
        UnseenScore score = UnseenScore.of(
                parts, template, bed.unseen(), federation.adapter(), scale.answerTokens(), scale.parallel());
        List<Long> samples = new ArrayList<>();
        List<Long> held = new ArrayList<>();
        List<Double> coverage = new ArrayList<>();
        long active = 0;
        for (RoundReport report : reports) {
            List<Instruction> all = report.clients().stream()
                    .flatMap(client -> data.getOrDefault(client, List.of()).stream())
                    .toList();
            samples.add(report.result().samples());
            held.add((long) all.size());
            active += report.clients().size();
            coverage.add((double) trained.getOrDefault(report.round(), Set.of()).size()
                    / Math.max(1, all.stream().map(Instruction::task).distinct().count()));
        }
        double trainedSamples = samples.stream().mapToLong(Long::longValue).sum();
        double features = sum(reports, report -> report.seconds().features());
        double training = sum(reports, report -> report.seconds().training());
        Map<Measure, Double> measures = new EnumMap<>(observed.means());
        measures.put(Measure.ROUGE_L, score.rougeL());
        measures.put(Measure.LOSS, score.loss());
        measures.put(Measure.SAMPLES, trainedSamples);
        measures.put(
                Measure.PERCENT,
                100 * trainedSamples / held.stream().mapToLong(Long::longValue).sum());
        measures.put(Measure.STEPS, trainedSamples * epochs);
        measures.put(
                Measure.SECONDS,
                features + training + sum(reports, report -> report.seconds().selection()));
        measures.put(Measure.FEATURE_SECONDS, features);
        measures.put(Measure.TRAINING_SECONDS, training);
        measures.put(Measure.KILOBYTES_UP, sum(reports, r -> r.bytes().toServer()) / 1000 / active);
        measures.put(Measure.KILOBYTES_DOWN, sum(reports, r -> r.bytes().toClients()) / 1000 / active);
        measures.put(
                Measure.COVERAGE,
                coverage.stream().mapToDouble(Double::doubleValue).average().orElseThrow());
        return new Outcome(settings, arm, seed, samples, held, counts, measures, score.byTask());
    }

    private Outcome base(Arm arm, long seed) {
        FedHds parts = FedHds.on(model).template(template).build();
        UnseenScore score =
                UnseenScore.of(parts, template, bed.unseen(), Adapter.empty(), scale.answerTokens(), scale.parallel());
        Map<Measure, Double> measures = new EnumMap<>(Measure.class);
        measures.put(Measure.ROUGE_L, score.rougeL());
        measures.put(Measure.LOSS, score.loss());
        return new Outcome(settings, arm, seed, List.of(), List.of(), Map.of(), measures, score.byTask());
    }

    private static double sum(List<RoundReport> reports, ToDoubleFunction<RoundReport> figure) {
        return reports.stream().mapToDouble(figure).sum();
    }

    /** Whether the client's groups come from its points, so that looking at the points costs nothing more. */
    private static boolean observesGroups(Arm arm) {
        return switch (arm.choice()) {
            case FEDHDS, TURBO, INTRA -> true;
            default -> false;
        };
    }

    private Selection selection(Arm arm, Optional<Outcome> fedHds) {
        CoresetSelector groups = HdbscanSelector.builder()
                .clustering(
                        Hdbscan.builder().minClusterSize(arm.minClusterSize()).build())
                .samplesPerGroup(arm.samplesPerGroup())
                .build();
        IntToDoubleFunction share = share(arm, fedHds);
        return switch (arm.choice()) {
            case FEDHDS, TURBO -> {
                Selection paper = Selection.paper().withClient(groups);
                yield arm.share() == 0
                        ? paper
                        : paper.withServer((candidates, round) -> BudgetSelector.count(
                                        HdbscanSelector.forServer(),
                                        (int) Math.max(1, Math.round(arm.share() * candidates.samples())))
                                .select(candidates, round));
            }
            case INTRA -> Selection.intraClientOnly().withClient(groups);
            case INTER -> Selection.interClientOnly();
            case RECOMMENDED -> recommended(arm, fedHds);
            case RANDOM -> ShareOfEach.of(share, RandomSelector::count);
            case RANDOM_PER_CLIENT -> {
                Map<String, Integer> counts = followed(fedHds).counts();
                yield Selection.everything()
                        .withClient((candidates, round) -> RandomSelector.count(counts.getOrDefault(place(round), 0))
                                .select(candidates, round));
            }
            case PERPLEXITY ->
                ShareOfEach.of(
                        share, count -> ScoreSelector.perplexity().count(count).build());
            case DIFFICULTY ->
                ShareOfEach.of(
                        share, count -> ScoreSelector.difficulty().count(count).build());
            case FULL, BASE -> Selection.everything();
            case FULL_EQUAL_STEPS -> ShareOfEach.of(equalSteps(followed(fedHds)), RandomSelector::count);
        };
    }

    private static String place(RoundContext round) {
        return round.round() + " " + round.client().orElseThrow();
    }

    private static Selection recommended(Arm arm, Optional<Outcome> fedHds) {
        if (arm.share() > 0) {
            return Selection.recommended(arm.share());
        }
        List<Long> samples = followed(fedHds).samples();
        return Selection.recommended(1)
                .withServer(
                        (candidates, round) -> KCenterSelector.count(Math.toIntExact(samples.get(round.round() - 1)))
                                .withClientLimits()
                                .withDensity(1)
                                .select(candidates, round));
    }

    private static Outcome followed(Optional<Outcome> fedHds) {
        return fedHds.orElseThrow(() -> new IllegalArgumentException("this arm needs a run of FedHDS to follow"));
    }

    /** Share of the instructions of each round. */
    private static IntToDoubleFunction share(Arm arm, Optional<Outcome> fedHds) {
        if (!arm.followsFedHds()) {
            return round -> arm.share();
        }
        Outcome followed = followed(fedHds);
        return round -> (double) followed.samples().get(round - 1)
                / Math.max(1, followed.held().get(round - 1));
    }

    /** All instructions of the first rounds, until as many steps are done as FedHDS has. */
    private IntToDoubleFunction equalSteps(Outcome followed) {
        long left = scale.epochs()
                * followed.samples().stream().mapToLong(Long::longValue).sum();
        List<Double> shares = new ArrayList<>();
        for (long held : followed.held()) {
            long taken = Math.min(left, held);
            shares.add((double) taken / Math.max(1, held));
            left -= taken;
        }
        return round -> shares.get(round - 1);
    }
}
