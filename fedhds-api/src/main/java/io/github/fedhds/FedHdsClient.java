package io.github.fedhds;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
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
import java.util.function.Function;
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

    private final ClientId id;
    private final List<Instruction> instructions;
    private final FeatureExtractor extractor;
    private final Function<FeatureMatrix, Points> fusion;
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
        return new Builder(Objects.requireNonNull(id, "id"));
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
     * its members' mean in that frame, whatever coordinates it was found in.
     *
     * @param opening the server's opening; must name this client
     * @return the report; without centroids when the client has no instruction or nothing stood out
     * @throws IllegalArgumentException if the opening does not name this client, or a feature is NaN or infinite
     * @throws IllegalStateException if a role gives null, too many or too few rows, or names a sample that is not there;
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
        Coreset coreset = instructions.isEmpty()
                ? Coreset.empty()
                : RoleAnswer.require(selector.select(candidates(features), round), "client's selector", "a Coreset");
        List<Centroid> centroids = new ArrayList<>();
        for (Group group : coreset.groups()) {
            for (int member : group.members()) {
                if (member >= instructions.size()) {
                    throw new IllegalStateException("the selector names sample " + member + " of client " + id
                            + ", which has " + instructions.size() + ", counted from 0");
                }
            }
            centroids.add(new Centroid(group.id(), group.centre()));
        }
        if (opening.frame().isPresent() && !centroids.isEmpty()) {
            centroids = means(coreset, opening.frame().get().place(features.get()));
        }
        CentroidReport report = new CentroidReport(round.runId(), round.round(), id, centroids);
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

    /** Each group's mean in the shared frame, every member counting the same: the selector's centres are of another. */
    private static List<Centroid> means(Coreset coreset, Points placed) {
        List<Centroid> means = new ArrayList<>();
        for (Group group : coreset.groups()) {
            double[] mean = new double[placed.dimensions()];
            int[] members = group.members();
            Arrays.sort(members); // so that the order of telling does not show in the sum
            for (int member : members) {
                for (int axis = 0; axis < mean.length; axis++) {
                    mean[axis] += placed.get(member, axis) / members.length;
                }
            }
            means.add(new Centroid(group.id(), mean));
        }
        return means;
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
                FeatureMatrix features = RoleAnswer.require(
                        extractor.extract(instructions, round), "feature extractor", "a FeatureMatrix");
                if (features.rows() != instructions.size()) {
                    throw new IllegalStateException("the feature extractor gave " + features.rows() + " rows for "
                            + instructions.size() + " instructions of client " + id + "; it must give one each");
                }
                int bad = features.firstNonFiniteRow();
                if (bad >= 0) {
                    throw new IllegalArgumentException("features of instruction " + bad + " of client " + id
                            + " hold NaN or infinity; is the adapter or the model damaged?");
                }
                extracted = features;
            }
            return extracted;
        }
    }

    private Candidates candidates(Features features) {
        return Candidates.of(
                instructions,
                () -> RoleAnswer.require(fusion.apply(features.get()), "fusion", "Points"),
                kind -> RoleAnswer.require(
                        scorer.score(kind, instructions, features.round), "scorer", "an array of scores"));
    }

    /**
     * Steps 8 and 9: takes the chosen groups' most telling members and trains on them.
     *
     * @param selection the server's choice for this client
     * @return the trained adapter; empty when no group was chosen, or when nothing could be trained on
     * @throws IllegalStateException if the round was not summarised before
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
                RoleAnswer.require(trainer.train(List.copyOf(chosen), current.round()), "trainer", "a TrainingResult");
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
        private @Nullable Function<FeatureMatrix, Points> fusion;
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
        public Builder instructions(List<Instruction> instructions) {
            Objects.requireNonNull(instructions, "instructions")
                    .forEach(one -> Objects.requireNonNull(one, "one of the instructions"));
            this.instructions = List.copyOf(instructions);
            return this;
        }

        /** Step 2. */
        public Builder featureExtractor(FeatureExtractor featureExtractor) {
            this.extractor = Objects.requireNonNull(featureExtractor, "featureExtractor");
            return this;
        }

        /** Step 3. */
        public Builder fusion(Function<FeatureMatrix, Points> fusion) {
            this.fusion = Objects.requireNonNull(fusion, "fusion");
            return this;
        }

        /** Steps 4, 5 and 8. */
        public Builder selector(CoresetSelector selector) {
            this.selector = Objects.requireNonNull(selector, "selector");
            return this;
        }

        /** Step 9. */
        public Builder trainer(LocalTrainer trainer) {
            this.trainer = Objects.requireNonNull(trainer, "trainer");
            return this;
        }

        /** Scores for selectors that ask for them; without one, asking is an error. */
        public Builder scorer(SampleScorer scorer) {
            this.scorer = Objects.requireNonNull(scorer, "scorer");
            return this;
        }

        /**
         * Puts something around the extractor that is set so far: a clock, a cache. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundFeatureExtractor(UnaryOperator<FeatureExtractor> wrapper) {
            this.extractor = around(extractor, wrapper, "featureExtractor");
            return this;
        }

        /**
         * Puts something around the trainer that is set so far: a clock, a log of its results. Chained calls nest.
         *
         * @throws NullPointerException if none is set yet
         */
        public Builder aroundTrainer(UnaryOperator<LocalTrainer> wrapper) {
            this.trainer = around(trainer, wrapper, "trainer");
            return this;
        }

        private static <T> T around(@Nullable T role, UnaryOperator<T> wrapper, String setting) {
            Objects.requireNonNull(wrapper, () -> "wrapper around the " + setting);
            return RoleAnswer.require(
                    wrapper.apply(require(role, setting)), "wrapper around the " + setting, "a " + setting);
        }

        /** The client. */
        public FedHdsClient build() {
            return new FedHdsClient(this);
        }
    }
}
