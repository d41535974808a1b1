package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Clusters rows by density with HDBSCAN*. It needs no number of clusters; rows in sparse regions are noise.
 *
 * <p>Takes {@code [n, d]} of any unit, returns a label and a membership probability per row, and a weighted centroid
 * and a persistence per cluster. Time about O(n log n) for few dimensions and up to O(n² d) for many (above 16 always),
 * memory O(n d). The same input gives the same output with any number of {@link Builder#threads threads}; another row
 * order changes only the clusters' numbers. Clusters are numbered from the root of the tree down, siblings in the order
 * of their first rows. Scaling all coordinates changes only rounding. Immutable, safe for many threads.
 *
 * <p>Differs from common implementations in one point: merges of equal height are one merge of several parts. Mutual
 * reachability distances often tie (a row reaches all rows within its core distance at the same height), and a binary
 * tree would break the ties arbitrarily.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi, Sander 2013: Density-Based Clustering
 *     Based on Hierarchical Density Estimates</a>
 * @see <a href="https://doi.org/10.1109/ICDMW.2017.12">McInnes, Healy 2017: Accelerated Hierarchical Density Based
 *     Clustering</a>, the probabilities and the persistence
 */
public final class Hdbscan implements Clusterer {
    /** How clusters are selected from the tree of all clusters. */
    public enum SelectionMethod {
        /** The set of clusters with the largest total stability. */
        EXCESS_OF_MASS,
        /** All clusters that do not split further: many small ones. */
        LEAF
    }

    /** Distance of two rows. */
    public enum Metric {
        /** Euclidean distance. */
        EUCLIDEAN,
        /**
         * 1 - cos of the angle between them, 0 to 2, computed as half the squared distance of the rows scaled to length
         * 1; a row of zeros is an error. Centroids are means of the unscaled rows.
         */
        COSINE
    }

    private final int minClusterSize;
    private final int minSamples;
    private final Metric metric;
    private final SelectionMethod selectionMethod;
    private final boolean allowSingleCluster;
    private final double selectionEpsilon;
    private final int threads;
    private final @Nullable Hierarchy hierarchy;

    private Hdbscan(Builder builder) {
        minClusterSize = builder.minClusterSize;
        minSamples = builder.minSamples == Builder.AS_CLUSTER_SIZE ? minClusterSize : builder.minSamples;
        metric = builder.metric;
        selectionMethod = builder.selectionMethod;
        allowSingleCluster = builder.allowSingleCluster;
        selectionEpsilon = builder.selectionEpsilon;
        threads = builder.threads;
        hierarchy = builder.hierarchy;
    }

    /** Starts with the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /** Smallest number of rows in a cluster. */
    public int minClusterSize() {
        return minClusterSize;
    }

    /** Number of neighbours that define the density at a row. */
    public int minSamples() {
        return minSamples;
    }

    /**
     * Clusters the rows. With fewer rows than {@code minClusterSize} all are noise.
     *
     * @param points {@code [n, d]}; n may be 0
     * @return labels and probabilities in the order of the rows, centroids and persistence of the clusters
     * @throws IllegalArgumentException if a coordinate is NaN or infinite; the message names the row
     * @throws IllegalArgumentException if a row is zero and the metric is the cosine
     */
    @Override
    public Clustering fit(Points points) {
        Coordinates rows = new Coordinates(points);
        if (rows.size() == 0) {
            return Clustering.allNoise(0, points.dimensions(), 0);
        }
        Hierarchy method = hierarchy == null ? Hierarchies.choose(rows.size(), rows.dimensions(), threads) : hierarchy;
        SpanningTree spanningTree = metric == Metric.COSINE
                ? method.connect(rows.directions(), minSamples).toCosine()
                : method.connect(rows, minSamples);
        double weight = spanningTree.weight();
        if (rows.size() < minClusterSize) {
            return Clustering.allNoise(rows.size(), points.dimensions(), weight);
        }
        CondensedTree tree = new CondensedTree(new Dendrogram(spanningTree), minClusterSize);
        FlatSelection selection = new FlatSelection(tree, selectionMethod, allowSingleCluster, selectionEpsilon);
        return describe(rows, tree, selection, weight);
    }

    /** All settings that the result depends on. */
    @Override
    public String toString() {
        return "Hdbscan[minClusterSize=" + minClusterSize + ", minSamples=" + minSamples + ", metric=" + metric
                + ", selectionMethod=" + selectionMethod + ", allowSingleCluster=" + allowSingleCluster
                + ", selectionEpsilon=" + selectionEpsilon + "]";
    }

    private static Clustering describe(Coordinates rows, CondensedTree tree, FlatSelection selection, double weight) {
        int[] clusterOfRow = selection.clusterOfRow();
        // Numbered from 0 in the order of the tree, as in the hdbscan package; a cluster without rows gets no number.
        int[] chosen = Arrays.stream(clusterOfRow)
                .filter(c -> c != Clustering.NOISE)
                .sorted()
                .distinct()
                .toArray();
        int[] labels = new int[rows.size()];
        double[] probabilities = new double[rows.size()];
        double largestLambda = 0;
        for (int row = 0; row < labels.length; row++) {
            largestLambda = Math.max(largestLambda, tree.fallsAt(row));
            labels[row] = Clustering.NOISE;
            if (clusterOfRow[row] != Clustering.NOISE) {
                labels[row] = Arrays.binarySearch(chosen, clusterOfRow[row]);
                probabilities[row] = probability(tree.fallsAt(row), tree.endsAt(clusterOfRow[row]));
            }
        }
        int[][] members = Clustering.members(labels, chosen.length);
        double[] persistence = new double[chosen.length];
        for (int label = 0; label < chosen.length; label++) {
            persistence[label] = Double.isInfinite(largestLambda)
                    ? 1
                    : selection.stability(chosen[label]) / (members[label].length * largestLambda);
        }
        return new Clustering(labels, probabilities, centroids(rows, members, probabilities), persistence, weight);
    }

    /** Share of the cluster's density range in which the row is in it; 1 for rows that coincide. */
    private static double probability(double fallsAt, double clusterEndsAt) {
        return Double.isInfinite(fallsAt) ? 1 : Math.min(fallsAt, clusterEndsAt) / clusterEndsAt;
    }

    private static Points centroids(Coordinates rows, int[][] members, double[] probabilities) {
        int dimensions = rows.dimensions();
        double[] centroids = new double[members.length * dimensions];
        for (int c = 0; c < members.length; c++) {
            double[] terms = new double[members[c].length];
            for (int i = 0; i < terms.length; i++) {
                terms[i] = probabilities[members[c][i]];
            }
            double total = Sums.sum(terms);
            for (int axis = 0; axis < dimensions; axis++) {
                for (int i = 0; i < terms.length; i++) { // divides first, because a sum of coordinates could overflow
                    terms[i] = probabilities[members[c][i]] / total * rows.get(members[c][i], axis);
                }
                double mean = Math.min(Sums.sum(terms), Double.MAX_VALUE); // rounding could exceed it
                centroids[c * dimensions + axis] = Math.max(-Double.MAX_VALUE, mean);
            }
        }
        return new Points(members.length, dimensions, centroids);
    }

    /** Settings of {@link Hdbscan}. Not thread-safe. */
    public static final class Builder {
        private static final int AS_CLUSTER_SIZE = 0;

        private int minClusterSize = 5;
        private int minSamples = AS_CLUSTER_SIZE;
        private Metric metric = Metric.EUCLIDEAN;
        private SelectionMethod selectionMethod = SelectionMethod.EXCESS_OF_MASS;
        private boolean allowSingleCluster;
        private double selectionEpsilon;
        private int threads = Math.min(2, Runtime.getRuntime().availableProcessors());
        private @Nullable Hierarchy hierarchy;

        private Builder() {}

        /** Smallest number of rows in a cluster, 2 or more; 5 by default. */
        public Builder minClusterSize(int minClusterSize) {
            if (minClusterSize < 2) {
                throw new IllegalArgumentException("minClusterSize must be 2 or more, was " + minClusterSize);
            }
            this.minClusterSize = minClusterSize;
            return this;
        }

        /**
         * Number of other rows in a row's neighbourhood that defines its density, 1 or more; {@code minClusterSize} by
         * default. Larger values give more noise.
         */
        public Builder minSamples(int minSamples) {
            if (minSamples < 1) {
                throw new IllegalArgumentException("minSamples must be 1 or more, was " + minSamples);
            }
            this.minSamples = minSamples;
            return this;
        }

        /** The distance metric; Euclidean by default. */
        public Builder metric(Metric metric) {
            this.metric = Objects.requireNonNull(metric, "metric");
            return this;
        }

        /** How clusters are selected from the tree; excess of mass by default. */
        public Builder selectionMethod(SelectionMethod selectionMethod) {
            this.selectionMethod = Objects.requireNonNull(selectionMethod, "selectionMethod");
            return this;
        }

        /** Whether all rows together may be the only cluster; false by default. */
        public Builder allowSingleCluster(boolean allowSingleCluster) {
            this.allowSingleCluster = allowSingleCluster;
            return this;
        }

        /**
         * Distance below which clusters are not split further, finite, 0 or more, in the metric's unit; 0 by default.
         */
        public Builder selectionEpsilon(double selectionEpsilon) {
            if (!(selectionEpsilon >= 0) || Double.isInfinite(selectionEpsilon)) {
                throw new IllegalArgumentException(
                        "selectionEpsilon must be finite and 0 or more, was " + selectionEpsilon);
            }
            this.selectionEpsilon = selectionEpsilon;
            return this;
        }

        /** Maximum number of threads, for many rows, 1 or more; 2 by default. Does not change the result. */
        public Builder threads(int threads) {
            if (threads < 1) {
                throw new IllegalArgumentException("threads must be 1 or more, was " + threads);
            }
            this.threads = threads;
            return this;
        }

        /** The hierarchy to use; by default {@link Hierarchies} chooses it. */
        Builder hierarchy(Hierarchy newHierarchy) {
            hierarchy = newHierarchy;
            return this;
        }

        /** Creates the clusterer. */
        public Hdbscan build() {
            return new Hdbscan(this);
        }
    }
}
