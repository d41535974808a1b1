package io.github.fedhds.selection;

import com.google.common.primitives.Doubles;
import io.github.fedhds.clustering.Clusterer;
import io.github.fedhds.clustering.Clustering;
import io.github.fedhds.clustering.Hdbscan;
import io.github.fedhds.clustering.KMeans;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * The paper's choice: groups are clusters of HDBSCAN (or of another {@link Clusterer}), a group's centre is its members'
 * mean weighted by membership probability, and the members nearest the centre stand for the group. Candidates that are
 * noise are in no group, unless {@link Builder#keepUnique} keeps them.
 *
 * <p>Takes {@code [n, d]} points of any unit. Of members equally far from the centre (within 1e-9 of the distance, plus
 * 1e-12) the first comes first: a pair is as far from its middle on both sides, and rounding shall not choose. Cost is
 * that of {@link Clusterer#fit}; the same input gives the same output, the seed plays no part. Immutable, safe for many
 * threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning,
 *     intra-client and inter-client selection</a>
 */
public final class HdbscanSelector implements CoresetSelector {
    private final Clusterer clustering;
    private final int samplesPerGroup;
    private final boolean keepUnique;
    private final boolean atLeastOneGroup;

    private HdbscanSelector(Builder builder) {
        clustering = builder.clustering;
        samplesPerGroup = builder.samplesPerGroup;
        keepUnique = builder.keepUnique;
        atLeastOneGroup = builder.atLeastOneGroup;
    }

    /** The paper's selector for a client: clusters of 5 or more, one sample a group. */
    public static HdbscanSelector forClient() {
        return builder().build();
    }

    /** The paper's selector for the server: clusters of 2 or more centroids, one centroid a cluster. */
    public static HdbscanSelector forServer() {
        return builder().clustering(Hdbscan.builder().minClusterSize(2).build()).build();
    }

    /** Starts with the paper's settings for a client. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        if (candidates.size() == 0) {
            return Coreset.empty();
        }
        Points points = candidates.points();
        Clustering clusters = clustering.fit(points);
        int[][] members = clusters.members();
        List<Group> groups = new ArrayList<>();
        for (int id = 0; id < members.length; id++) {
            double[] centre = clusters.centroids().point(id);
            groups.add(new Group(
                    id,
                    centre,
                    Nearness.order(points, members[id], centre),
                    Math.min(members[id].length, samplesPerGroup)));
        }
        if (keepUnique) {
            for (List<Integer> unique : unique(points, clusters.labels())) {
                int[] all = unique.stream().mapToInt(Integer::intValue).toArray();
                groups.add(new Group(groups.size(), points.point(all[0]), all));
            }
        }
        if (atLeastOneGroup && groups.isEmpty()) {
            int[] all = IntStream.range(0, points.size()).toArray();
            double[] centre = Nearness.mean(points, all);
            groups.add(
                    new Group(0, centre, Nearness.order(points, all, centre), Math.min(all.length, samplesPerGroup)));
        }
        return new Coreset(groups);
    }

    /** The noise, in order; candidates that coincide together. */
    private static Collection<List<Integer>> unique(Points points, int[] labels) {
        Map<List<Double>, List<Integer>> byPoint = new LinkedHashMap<>();
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] == Clustering.NOISE) {
                byPoint.computeIfAbsent(Doubles.asList(points.point(i)), p -> new ArrayList<>())
                        .add(i);
            }
        }
        return byPoint.values();
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private Clusterer clustering = Hdbscan.builder().build();
        private int samplesPerGroup = 1;
        private boolean keepUnique;
        private boolean atLeastOneGroup;

        private Builder() {}

        /**
         * How groups are found: by {@link Hdbscan}, {@link KMeans} or a method of your own; HDBSCAN with its defaults
         * (clusters of 5 or more) by default.
         */
        public Builder clustering(Clusterer clustering) {
            this.clustering = Objects.requireNonNull(clustering, "clustering");
            return this;
        }

        /** How many members stand for a group, 1 or more, all of a smaller group; 1 by default. */
        public Builder samplesPerGroup(int samplesPerGroup) {
            if (samplesPerGroup < 1) {
                throw new IllegalArgumentException("samplesPerGroup must be 1 or more, was " + samplesPerGroup);
            }
            this.samplesPerGroup = samplesPerGroup;
            return this;
        }

        /**
         * Whether noise is kept, each candidate of it as a group of its own after the clusters (those that coincide are one
         * group); by default it is in no group.
         * On the server, noise is a group like no other client's: the most diverse ones of all.
         */
        public Builder keepUnique(boolean keepUnique) {
            this.keepUnique = keepUnique;
            return this;
        }

        /**
         * Whether candidates among which no cluster is found are one group of them all: a client with a single task, or with
         * few samples, else takes no part. False by default, as in the paper.
         */
        public Builder atLeastOneGroup(boolean newAtLeastOneGroup) {
            atLeastOneGroup = newAtLeastOneGroup;
            return this;
        }

        /** The selector with these settings. */
        public HdbscanSelector build() {
            return new HdbscanSelector(this);
        }
    }
}
