package io.github.fedhds.examples.experiment;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsClient;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.LayerScaling;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.privacy.Bound;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.GaussianPrivacy;
import io.github.fedhds.privacy.NoiseSource;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingCounts;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * What an attacker who sees a client's messages can tell, with and without noise, beside the bound that the noise promises. Two attacks on
 * the embedded model: from a report, whether the client holds a given task; from an update, whether it has trained on a given
 * instruction. In half of the trials it does. The advantage is the share of "yes" when it does less that when it does not,
 * with the best threshold of other trials.
 */
@Command(
        name = "membership-attack",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Advantage of two attacks on what a client sends, with noise and without.")
public final class MembershipAttack implements Callable<Integer> {
    private static final ClientId CLIENT = new ClientId("client");
    private static final double DELTA = 1e-5;

    @Option(names = "--trials", description = "trials of each attack and each epsilon; half to find a threshold")
    private int trials = 200;

    @Option(names = "--epsilons", split = ",", description = "budgets of a client for one message, with delta 1e-5")
    private List<Double> epsilons = List.of(100_000.0, 10_000.0, 1000.0, 100.0, 10.0, 1.0);

    @Option(names = "--samples", description = "instructions of each task that the client holds")
    private int samples = 12;

    @Option(names = "--norm", description = "norm that updates are clipped to")
    private double norm = 1;

    @Option(names = "--seed", description = "of the trials; the noise is secret")
    private long seed = 1;

    @Option(names = "--plot", description = "SVG file of the advantages (default: none)")
    private Optional<Path> plot = Optional.empty();

    private final List<AttackPlot.Point> points = new ArrayList<>();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new MembershipAttack());
    }

    /** A trial's evidence: the higher, the more it speaks for membership. */
    private record Evidence(boolean member, double value) {}

    @Override
    public Integer call() throws IOException {
        if (trials < 4 || samples < 2) {
            throw new ParameterException(spec.commandLine(), "--trials must be 4 or more and --samples 2 or more");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("| attack | epsilon | bound of the advantage | advantage (standard error) |");
        out.println("|---|---|---|---|");
        try (LanguageModel model =
                EmbeddedModel.load(ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            List<List<Instruction>> tasks =
                    List.copyOf(EmbeddedComparison.trainingTasks().values());
            List<Trial> reports = reports(model, tasks);
            print(out, "does the client hold the task?", reports, this::reportEvidence);
            List<Trial> updates = updates(model, tasks);
            print(
                    out,
                    "has it trained on the instruction?",
                    updates,
                    (trial, budget) -> updateEvidence(model, trial, budget));
        }
        if (plot.isPresent()) {
            Files.writeString(plot.get(), new AttackPlot(points).svg());
        }
        return 0;
    }

    /** Evidence of a trial under a budget; empty: without noise. */
    private interface Attack {
        double evidence(Trial trial, Optional<PrivacyBudget> budget);
    }

    /** An exact message, and what the attacker asks. */
    private record Trial(
            boolean member,
            Optional<CentroidReport> report,
            double[] task,
            Optional<AdapterUpdate> update,
            Instruction canary,
            Adapter global,
            double lossBefore) {}

    private void print(PrintWriter out, String title, List<Trial> all, Attack attack) {
        print(out, title, all, attack, Optional.empty());
        for (double epsilon : epsilons) {
            print(out, title, all, attack, Optional.of(new PrivacyBudget(epsilon, DELTA)));
        }
    }

    private void print(PrintWriter out, String title, List<Trial> all, Attack attack, Optional<PrivacyBudget> budget) {
        List<Evidence> evidence = all.stream()
                .map(trial -> new Evidence(trial.member(), attack.evidence(trial, budget)))
                .toList();
        List<Evidence> seen = evidence.subList(0, evidence.size() / 2);
        List<Evidence> judged = evidence.subList(evidence.size() / 2, evidence.size());
        double threshold = seen.stream()
                .map(Evidence::value)
                .max((a, b) -> Double.compare(advantage(seen, a), advantage(seen, b)))
                .orElseThrow();
        double members = judged.stream().filter(Evidence::member).count();
        double yes = rate(judged, threshold, true);
        double wrong = rate(judged, threshold, false);
        double error = Math.sqrt(yes * (1 - yes) / members + wrong * (1 - wrong) / (judged.size() - members));
        double bound = budget.map(b -> GaussianPrivacy.delta(GaussianPrivacy.mu(b.epsilon(), b.delta()), 0))
                .orElse(1.0);
        points.add(new AttackPlot.Point(
                title, budget.map(PrivacyBudget::epsilon).orElse(Double.POSITIVE_INFINITY), bound, yes - wrong, error));
        out.printf(
                Locale.ROOT,
                "| %s | %s | %.3f | %.3f (%.3f) |%n",
                title,
                budget.map(b -> String.valueOf(b.epsilon())).orElse("no noise"),
                bound,
                yes - wrong,
                error);
        out.flush();
    }

    private static double advantage(List<Evidence> all, double threshold) {
        return rate(all, threshold, true) - rate(all, threshold, false);
    }

    private static double rate(List<Evidence> all, double threshold, boolean member) {
        long yes = all.stream()
                .filter(e -> e.member() == member && e.value() >= threshold)
                .count();
        return (double) yes / all.stream().filter(e -> e.member() == member).count();
    }

    private RoundOpening opening(FedHds fedHds) {
        return fedHds.server(List.of(CLIENT), seed)
                .sampler(ClientSampler.uniform(1))
                .build()
                .open();
    }

    /** A client with four tasks; the attacker knows the mean of a task's other instructions in the round's frame. */
    private List<Trial> reports(LanguageModel model, List<List<Instruction>> tasks) {
        FedHds fedHds = FedHds.on(model)
                .recommended(0.1)
                .layerScaling(LayerScaling.UNIT_LENGTH)
                .build();
        RoundOpening opening = opening(fedHds);
        Random random = new Random(seed);
        List<Trial> all = new ArrayList<>();
        for (int i = 0; i < trials; i++) {
            List<List<Instruction>> drawn = new ArrayList<>(tasks);
            Collections.shuffle(drawn, random);
            boolean member = i % 2 == 0;
            List<Instruction> held = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                held.addAll(drawn.get(member ? t : t + 1).subList(0, samples));
            }
            List<Instruction> known = drawn.get(0).subList(samples, 2 * samples);
            CentroidReport report = summary(fedHds, opening, held);
            double[] task = mean(fedHds, opening, known);
            all.add(new Trial(member, Optional.of(report), task, Optional.empty(), held.get(0), Adapter.empty(), 0));
        }
        return all;
    }

    private static CentroidReport summary(FedHds fedHds, RoundOpening opening, List<Instruction> held) {
        FedHdsClient client = fedHds.client(CLIENT).instructions(held).build();
        return client.summarise(opening);
    }

    private static double[] mean(FedHds fedHds, RoundOpening opening, List<Instruction> known) {
        var points = opening.frame().orElseThrow().place(fedHds.extractor().extract(known, opening.contextOf(CLIENT)));
        double[] mean = new double[points.dimensions()];
        for (int i = 0; i < points.size(); i++) {
            for (int axis = 0; axis < mean.length; axis++) {
                mean[axis] += points.get(i, axis) / points.size();
            }
        }
        return mean;
    }

    /** The nearest centroid's distance from the task. */
    private double reportEvidence(Trial trial, Optional<PrivacyBudget> budget) {
        CentroidReport report = trial.report().orElseThrow();
        int dimensions = trial.task().length;
        if (budget.isPresent()) {
            Bound bound = Bound.clip(Math.sqrt(7)); // the embedded model has 6 layers
            report = CentroidNoise.spending(budget.get(), 8, bound, dimensions, 1)
                    .with(PrivacyLedger.inMemory(budget.get(), NoiseSource.secret()))
                    .release(report, dimensions, RoundContext.first());
        }
        double nearest = Double.POSITIVE_INFINITY;
        for (Centroid centroid : report.centroids()) {
            double[] point = centroid.point();
            double sum = 0;
            for (int axis = 0; axis < dimensions; axis++) {
                sum += Math.pow(point[axis] - trial.task()[axis], 2);
            }
            nearest = Math.min(nearest, sum);
        }
        return -nearest;
    }

    /** A client that has trained on eight instructions, among them the canary, an instruction with an answer of random letters, or not. */
    private List<Trial> updates(LanguageModel model, List<List<Instruction>> tasks) {
        FedHds fedHds = FedHds.on(model).learningRate(5e-3).epochs(3).build();
        RoundOpening opening = opening(fedHds);
        LocalTrainer trainer = fedHds.trainer();
        Random random = new Random(seed + 1);
        List<Trial> all = new ArrayList<>();
        IntFunction<Instruction> any = i -> {
            List<Instruction> task = tasks.get(random.nextInt(tasks.size()));
            return task.get(random.nextInt(task.size()));
        };
        for (int i = 0; i < trials; i++) {
            Instruction like = any.apply(0);
            Instruction canary = new Instruction(like.instruction(), like.input(), letters(random));
            List<Instruction> trained = new ArrayList<>();
            for (int k = 0; k < 8; k++) {
                trained.add(any.apply(k));
            }
            boolean member = i % 2 == 0;
            if (member) {
                trained.set(0, canary);
            }
            Adapter adapter = trainer.train(trained, opening.contextOf(CLIENT)).adapter();
            AdapterUpdate update = new AdapterUpdate(
                    opening.runId(), 1, CLIENT, adapter, trained.size(), 0, TrainingCounts.NONE, "trial " + i);
            all.add(new Trial(
                    member,
                    Optional.empty(),
                    new double[0],
                    Optional.of(update),
                    canary,
                    opening.globalAdapter(),
                    loss(model, fedHds, canary, opening.globalAdapter())));
        }
        return all;
    }

    /** An answer that nobody can know. */
    private static String letters(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    private static double loss(LanguageModel model, FedHds fedHds, Instruction canary, Adapter adapter) {
        PromptTemplate template = model.promptTemplate();
        AnswerLossScorer scorer = new AnswerLossScorer(
                model, fedHds.lora().form(), template, model.config().contextLength(), 2048);
        RoundContext round = new RoundContext("attack", 1, Optional.empty(), 0, adapter, Map.of());
        return Arrays.stream(scorer.score(SampleScore.ANSWER_LOSS, List.of(canary), round))
                .sum();
    }

    /** How much the update lowers the canary's loss. */
    private double updateEvidence(LanguageModel model, Trial trial, Optional<PrivacyBudget> budget) {
        AdapterUpdate update = trial.update().orElseThrow();
        if (budget.isPresent()) {
            RoundContext round = new RoundContext("attack", 1, Optional.empty(), 0, trial.global(), Map.of());
            update = UpdateNoise.spending(budget.get(), norm, 1)
                    .with(PrivacyLedger.inMemory(budget.get(), NoiseSource.secret()))
                    .release(update, round);
        }
        return trial.lossBefore() - loss(model, FedHds.on(model).build(), trial.canary(), update.adapter());
    }
}
