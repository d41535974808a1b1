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
import io.github.fedhds.internal.RoleName;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Selection by clustering, as in the paper: groups are clusters of HDBSCAN or of another {@link Clusterer}. The centre
 * of a group is the mean of its members, weighted by membership probability, and the members nearest to the centre
 * represent the group. Noise is in no group, unless {@link Builder#noiseAsGroups} is set.
 *
 * <p>Takes {@code [n, d]} points of any unit. Of members with equal distance to the centre (within a relative 1e-9
 * plus 1e-12) the first comes first, so that rounding does not decide, for example, between the two members of a pair.
 * Cost is that of {@link Clusterer#fit}. Equal input gives equal output; the seed is not used. Immutable, safe for
 * many threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">Qin, Wu, He, Deng: Federated Data-Efficient Instruction Tuning,
 *     intra-client and inter-client selection</a>
 */
public final class HdbscanSelector implements CoresetSelector {
    private final Clusterer clustering;
    private final int samplesPerGroup;
    private final boolean noiseAsGroups;
    private final boolean atLeastOneGroup;

    private HdbscanSelector(Builder builder) {
        clustering = builder.clustering;
        samplesPerGroup = builder.samplesPerGroup;
        noiseAsGroups = builder.noiseAsGroups;
        atLeastOneGroup = builder.atLeastOneGroup;
    }

    /** The paper's selector of a client: clusters of 5 or more samples, one sample taken per group. */
    public static HdbscanSelector forClient() {
        return builder().build();
    }

    /** The paper's selector of the server: clusters of 2 or more centroids, one centroid taken per cluster. */
    public static HdbscanSelector forServer() {
        return builder().clustering(Hdbscan.builder().minClusterSize(2).build()).build();
    }

    /** Starts with the paper's settings for a client. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public String toString() {
        return "HdbscanSelector[" + RoleText.of(clustering) + ", samplesPerGroup=" + samplesPerGroup
                + ", noiseAsGroups=" + noiseAsGroups + ", atLeastOneGroup=" + atLeastOneGroup + "]";
    }

    @Override
    public Coreset select(Candidates candidates, RoundContext round) {
        if (candidates.size() == 0) {
            return Coreset.empty();
        }
        Points points = candidates.points();
        Clustering clusters = checked(clustering.fit(points), points);
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
        if (noiseAsGroups) {
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

    /** The answer of a clusterer, which may be the application's own and compiled without null checks. */
    private Clustering checked(@Nullable Clustering clusters, Points points) {
        String name = RoleName.of(clustering, "clusterer of the application");
        if (clusters == null) {
            throw new IllegalStateException(
                    "the " + name + " returned null; it must return a Clustering, without clusters if it finds none");
        }
        int labels = clusters.labels().length;
        if (labels != points.size()) {
            throw new IllegalStateException("the " + name + " returned " + labels + " labels for " + points.size()
                    + " points; it must return one each, " + Clustering.NOISE + " for noise");
        }
        if (clusters.clusters() > 0 && clusters.centroids().dimensions() != points.dimensions()) {
            throw new IllegalStateException("the " + name + " returned centroids of "
                    + clusters.centroids().dimensions() + " coordinates for points of " + points.dimensions()
                    + "; they must have equally many");
        }
        return clusters;
    }

    /** The noise candidates in order, with duplicates in one group. */
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

    /** The settings. Not safe for many threads. */
    public static final class Builder {
        private Clusterer clustering = Hdbscan.builder().build();
        private int samplesPerGroup = 1;
        private boolean noiseAsGroups;
        private boolean atLeastOneGroup;

        private Builder() {}

        /**
         * The clustering method: {@link Hdbscan}, {@link KMeans} or a method of the application; by default HDBSCAN
         * with clusters of 5 or more.
         */
        public Builder clustering(Clusterer clustering) {
            this.clustering = Objects.requireNonNull(clustering, "clustering");
            return this;
        }

        /** Number of members that represent a group, 1 or more, all members of a smaller group; 1 by default. */
        public Builder samplesPerGroup(int samplesPerGroup) {
            if (samplesPerGroup < 1) {
                throw new IllegalArgumentException("samplesPerGroup must be 1 or more, was " + samplesPerGroup);
            }
            this.samplesPerGroup = samplesPerGroup;
            return this;
        }

        /**
         * Whether each noise candidate becomes a group of one after the clusters (duplicates share a group); false by
         * default. On the server, noise centroids are groups without similar groups on other clients.
         */
        public Builder noiseAsGroups(boolean noiseAsGroups) {
            this.noiseAsGroups = noiseAsGroups;
            return this;
        }

        /**
         * Whether candidates without any cluster form one group together; false by default, as in the paper. Otherwise
         * a client with a single task, or with few samples, takes no part.
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
