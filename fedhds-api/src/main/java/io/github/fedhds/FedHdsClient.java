package io.github.fedhds;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One client: holds private instructions, takes the server's messages and gives its own. It knows no transport; the
 * application carries the messages. No message holds an instruction.
 *
 * <p>Messages may come twice or late: a repeated opening gives the report that it gave before, without another pass through
 * the model, and an old one that comes late does not make the client forget the newest round. It remembers two rounds, the
 * last one that it summarised and the newest besides, each with the adapter that it started from.
 *
 * <p>Safe for many threads; one step runs at a time.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning</a>
 */
public final class FedHdsClient {
    private static final int REMEMBERED = 2;
    /** Rows of features held at a time where only their places in a shared frame are asked for. */
    private static final int ROWS_AT_A_TIME = 1024;

    private final ClientId id;
    private final List<Instruction> instructions;
    private final FeatureExtractor extractor;
    private final Fusion fusion;
    private final CoresetSelector selector;
    private final SampleScorer scorer;
    private final LocalTrainer trainer;
    private final Deque<Step> steps = new ArrayDeque<>(); // the newest first

    private record Step(RoundContext round, Optional<Frame> frame, Coreset coreset, CentroidReport report) {
        boolean isOf(String runId) {
            return round.runId().equals(runId);
        }

        boolean isOf(String runId, int number) {
            return round.round() == number && isOf(runId);
        }
    }

    private FedHdsClient(Builder builder) {
        id = builder.id;
        instructions = builder.instructions;
        extractor = require(builder.extractor, "featureExtractor");
        fusion = require(builder.fusion, "fusion");
        selector = require(builder.selector, "selector");
        trainer = require(builder.trainer, "trainer");
        scorer = builder.scorer;
    }

    private static <T> T require(@Nullable T value, String setting) {
        return Objects.requireNonNull(value, () -> "a client needs a " + setting + "; set it on the builder");
    }

    /** Starts a client; instructions and the four roles must be set. */
    public static Builder builder(ClientId id) {
        return new Builder(id);
    }

    /** The client's name. */
    public ClientId id() {
        return id;
    }

    /** How many instructions the client holds. */
    public int size() {
        return instructions.size();
    }

    /**
     * Steps 2 to 6: features, fusion, groups, and their centres. Where the opening carries a frame, a group's centre is
     * its members' mean in that frame, whatever coordinates it was found in. Where it carries none, that is the group's
     * own centre, or, without one, the mean of its members' fused points.
     *
     * <p>Memory: all features at a time where the selector asks for points, {@code 4 columns} bytes an instruction;
     * otherwise, with a frame, those of 1,024 instructions at a time.
     *
     * @param opening the server's opening; must name this client
     * @return the report; without centroids when the client has no instruction or nothing stood out
     * @throws IllegalArgumentException if the opening does not name this client, or a feature is NaN or infinite
     * @throws IllegalStateException if a role gives null or too many or too few rows, the fusion gives NaN, infinity or
     *     another number of coordinates than {@link Fusion#dimensions}, or the selector names a sample that is not there;
     *     what a role throws passes through. The client is then as it was before
     */
    public synchronized CentroidReport summarise(RoundOpening opening) {
        if (!opening.clients().contains(id)) {
            throw new IllegalArgumentException("round " + opening.round() + " does not name client " + id
                    + "; carry an opening to the clients that it names only");
        }
        RoundContext round = opening.contextOf(id);
        Optional<Step> known = step(round.runId(), round.round());
        if (known.isPresent()
                && known.get().round().equals(round)
                && known.get().frame().equals(opening.frame())) {
            return known.get().report();
        }
        Features features = new Features(round);
        Candidates candidates = candidates(features);
        Coreset coreset = instructions.isEmpty()
                ? Coreset.empty()
                : given("selector", "a Coreset", selector.select(candidates, round));
        for (Group group : coreset.groups()) {
            for (int member : group.members()) {
                if (member >= instructions.size()) {
                    throw new IllegalStateException("the selector names sample " + member + " of client " + id
                            + ", which has " + instructions.size() + ", counted from 0");
                }
            }
        }
        List<Centroid> centroids = centroids(coreset, opening.frame(), candidates, features);
        CentroidReport report = new CentroidReport(round.runId(), round.round(), id, centroids, instructions.size());
        known.ifPresent(steps::remove); // the same round with another adapter: the server has started again
        steps.addFirst(new Step(round, opening.frame(), coreset, report));
        if (steps.size() > REMEMBERED) {
            String run = steps.stream().skip(1).anyMatch(step -> step.isOf(round.runId()))
                    ? round.runId()
                    : steps.getLast().round().runId();
            steps.stream() // late openings of old rounds or of an old run must not drive the newest out
                    .skip(1)
                    .filter(step -> step.isOf(run))
                    .min(Comparator.comparingInt(step -> step.round().round()))
                    .ifPresent(steps::remove);
        }
        return report;
    }

    private Optional<Step> step(String runId, int round) {
        return steps.stream().filter(step -> step.isOf(runId, round)).findFirst();
    }

    /** In a shared frame each group's mean, for the selector's centres are of another; else its centre if it has one. */
    private static List<Centroid> centroids(
            Coreset coreset, Optional<Frame> frame, Candidates candidates, Features features) {
        List<Centroid> centroids = new ArrayList<>();
        if (!coreset.groups().isEmpty() && frame.isPresent()) {
            Points placed = features.placed(frame.get());
            coreset.groups().forEach(group -> centroids.add(new Centroid(group.id(), mean(group, placed))));
        } else {
            coreset.groups()
                    .forEach(group -> centroids.add(new Centroid(
                            group.id(), group.centre().orElseGet(() -> mean(group, candidates.points())))));
        }
        return centroids;
    }

    /** The mean of a group's members, every member counting the same. */
    private static double[] mean(Group group, Points points) {
        double[] mean = new double[points.dimensions()];
        int[] members = group.members();
        Arrays.sort(members); // so that the order of the members does not change the sum
        for (int member : members) {
            for (int axis = 0; axis < mean.length; axis++) {
                mean[axis] += points.get(member, axis) / members.length;
            }
        }
        return mean;
    }

    /** What a role gave, or an error that names the role. */
    private <T> T given(String role, String what, @Nullable T value) {
        if (value == null) {
            throw new IllegalStateException(
                    "the " + role + " of client " + id + " gave null; it must give " + what + " for every call");
        }
        return value;
    }

    /** A round's features, extracted once at most, when first asked for. */
    private final class Features implements Supplier<FeatureMatrix> {
        private final RoundContext round;
        private @Nullable FeatureMatrix extracted;

        Features(RoundContext round) {
            this.round = round;
        }

        @Override
        public synchronized FeatureMatrix get() {
            if (extracted == null) {
                extracted = extract(0, instructions.size());
            }
            return extracted;
        }

        /**
         * All rows' places in a shared frame. Where nothing else has asked for the features, no more than {@link
         * #ROWS_AT_A_TIME} rows of them are held at a time.
         */
        synchronized Points placed(Frame frame) {
            int n = instructions.size();
            if (extracted != null || n <= ROWS_AT_A_TIME) {
                return frame.place(get());
            }
            double[] all = new double[Math.multiplyExact(n, frame.dimensions())];
            for (int from = 0; from < n; from += ROWS_AT_A_TIME) {
                double[] some = frame.place(extract(from, Math.min(n, from + ROWS_AT_A_TIME)))
                        .toArray();
                System.arraycopy(some, 0, all, from * frame.dimensions(), some.length);
            }
            return new Points(n, frame.dimensions(), all);
        }

        private FeatureMatrix extract(int from, int to) {
            FeatureMatrix features = given(
                    "feature extractor", "a FeatureMatrix", extractor.extract(instructions.subList(from, to), round));
            if (features.rows() != to - from) {
                throw new IllegalStateException("the feature extractor gave " + features.rows() + " rows for "
                        + (to - from) + " instructions of client " + id + "; it must give one each");
            }
            int bad = features.firstNonFiniteRow();
            if (bad >= 0) {
                throw new IllegalArgumentException("features of instruction " + (from + bad) + " of client " + id
                        + " hold NaN or infinity; is the adapter or the model damaged?");
            }
            return features;
        }
    }

    private Points fused(Features features) {
        Points points = given("fusion", "Points", fusion.fuse(features.get(), features.round));
        if (points.size() != instructions.size()) {
            throw new IllegalStateException("the fusion of client " + id + " gave " + points.size() + " points for "
                    + instructions.size() + " instructions; it must give one each");
        }
        if (points.dimensions() != fusion.dimensions()) {
            throw new IllegalStateException("the fusion of client " + id + " gave points of " + points.dimensions()
                    + " coordinates, its Fusion.dimensions says " + fusion.dimensions()
                    + "; for a lambda, Fusion.of(" + points.dimensions() + ", lambda) says how many it gives");
        }
        int bad = points.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalStateException("the fusion of client " + id + " gave NaN or infinity for instruction "
                    + bad + ", " + Arrays.toString(points.point(bad)) + "; the features are finite, so the fault is"
                    + " the fusion's");
        }
        return points;
    }

    private Candidates candidates(Features features) {
        return Candidates.of(
                instructions,
                fusion.dimensions(),
                () -> fused(features),
                kind -> given(
                        "scorer", "a number for each instruction", scorer.score(kind, instructions, features.round)));
    }

    /**
     * Steps 8 and 9: takes the chosen groups' most telling members and trains on them.
     *
     * @param selection the server's choice for this client
     * @return the trained adapter; empty when no group was chosen, or when nothing could be trained on
     * @throws IllegalStateException if the round was not summarised before, or the trainer gives null
     * @throws IllegalArgumentException if the selection is for another client or names a group that does not exist
     */
    public synchronized Optional<AdapterUpdate> train(GroupSelection selection) {
        if (!selection.client().equals(id)) {
            throw new IllegalArgumentException("this selection is for client " + selection.client() + ", not " + id);
        }
        Step current = step(selection.runId(), selection.round())
                .orElseThrow(() -> new IllegalStateException("client " + id + " has not summarised round "
                        + selection.round() + " of run " + selection.runId() + ", or two rounds since; call summarise"
                        + " with its opening first"));
        List<Instruction> chosen = new ArrayList<>();
        for (int groupId : selection.groups()) {
            Group group = current.coreset()
                    .group(groupId)
                    .orElseThrow(() -> new IllegalArgumentException("the selection names group " + groupId
                            + ", client " + id + " has "
                            + current.coreset().groups().size()));
            for (int member : group.representatives()) {
                chosen.add(instructions.get(member));
            }
        }
        if (chosen.isEmpty()) {
            return Optional.empty();
        }
        TrainingResult result =
                given("trainer", "a TrainingResult", trainer.train(List.copyOf(chosen), current.round()));
        if (result.samples() == 0) {
            return Optional.empty();
        }
        return Optional.of(new AdapterUpdate(
                selection.runId(), selection.round(), id, result.adapter(), result.samples(), result.meanLoss()));
    }

    /** Collects a client's parts. Not safe for many threads. */
    public static final class Builder {
        private final ClientId id;
        private List<Instruction> instructions = List.of();
        private @Nullable FeatureExtractor extractor;
        private @Nullable Fusion fusion;
        private @Nullable CoresetSelector selector;
        private @Nullable LocalTrainer trainer;
        private SampleScorer scorer = (kind, list, round) -> {
            throw new IllegalStateException(
                    "the selector asks for " + kind + ", but the client has no scorer; set one on the builder");
        };

        private Builder(ClientId id) {
            this.id = id;
        }

        /** The private instructions, copied; none by default, and then the client takes part without centroids. */
        public Builder instructions(List<Instruction> newInstructions) {
            instructions = List.copyOf(newInstructions);
            return this;
        }

        /** Step 2. */
        public Builder featureExtractor(FeatureExtractor newExtractor) {
            extractor = newExtractor;
            return this;
        }

        /** Step 3; without a shared frame, the server's number of dimensions must be the fusion's. */
        public Builder fusion(Fusion newFusion) {
            fusion = newFusion;
            return this;
        }

        /** Steps 4, 5 and 8. */
        public Builder selector(CoresetSelector newSelector) {
            selector = newSelector;
            return this;
        }

        /** Step 9. */
        public Builder trainer(LocalTrainer newTrainer) {
            trainer = newTrainer;
            return this;
        }

        /** Scores for selectors that ask for them; without one, asking is an error. */
        public Builder scorer(SampleScorer newScorer) {
            scorer = newScorer;
            return this;
        }

        /**
         * Puts something around the extractor that is set so far: a clock, a cache. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundFeatureExtractor(UnaryOperator<FeatureExtractor> wrap) {
            extractor = wrap.apply(require(extractor, "featureExtractor"));
            return this;
        }

        /**
         * Puts something around the trainer that is set so far: a clock, a log of its results. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundTrainer(UnaryOperator<LocalTrainer> wrap) {
            trainer = wrap.apply(require(trainer, "trainer"));
            return this;
        }

        /** The client. */
        public FedHdsClient build() {
            return new FedHdsClient(this);
        }
    }
}
