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
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.Frame;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Steps 2 to 6 of one client: features, fusion, groups and their centres. Holds the roles for them and the instructions.
 * Safe for many threads if the roles are.
 */
record GroupFinder(
        ClientId id,
        List<Instruction> instructions,
        FeatureExtractor extractor,
        Fusion fusion,
        CoresetSelector selector,
        SampleScorer scorer) {
    /** Instructions whose features are held at a time, where only their places in a frame are needed. */
    private static final int ROWS_AT_A_TIME = 1024;

    /** A client's groups and what leaves it of them. */
    record Found(Coreset coreset, List<Centroid> centroids) {}

    /** @param found told the instructions and their groups, which holds the features */
    Found find(RoundContext round, Optional<Frame> frame, BiConsumer<Candidates, Found> found) {
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
        Found all = new Found(coreset, centroids(coreset, frame, candidates, features));
        found.accept(candidates, all);
        return all;
    }

    /** With a shared frame the mean of each group in it; otherwise the group's centre, or its mean if it has none. */
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
    <T> T given(String role, String what, @Nullable T value) {
        if (value == null) {
            throw new IllegalStateException(
                    "the " + role + " of client " + id + " returned null; it must return " + what + " for every call");
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
                return placed(frame, get());
            }
            double[] all = new double[Math.multiplyExact(n, frame.dimensions())];
            for (int from = 0; from < n; from += ROWS_AT_A_TIME) {
                double[] some = placed(frame, extract(from, Math.min(n, from + ROWS_AT_A_TIME)))
                        .toArray();
                System.arraycopy(some, 0, all, from * frame.dimensions(), some.length);
            }
            return new Points(n, frame.dimensions(), all);
        }

        private Points placed(Frame frame, FeatureMatrix features) {
            try {
                return frame.place(features);
            } catch (IllegalArgumentException e) {
                throw SettingsMismatchException.ofFrame(id, String.valueOf(e.getMessage()));
            }
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
}
