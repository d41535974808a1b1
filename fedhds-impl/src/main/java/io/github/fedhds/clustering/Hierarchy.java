package io.github.fedhds.clustering;

/** Builds the minimum spanning tree of HDBSCAN, its slowest step. */
@FunctionalInterface
interface Hierarchy {
    /**
     * Finds a minimum spanning tree of the mutual reachability distance: the maximum of the two rows' core distances
     * and the distance between them. A row's core distance is the distance to its {@code minSamples}-th nearest other
     * row (to the farthest if there are fewer). Heights are roots of {@link Coordinates#squaredDistance}.
     *
     * @param rows {@code [n, d]}, at least one row
     * @param minSamples 1 or more
     * @return a tree of n - 1 edges
     */
    SpanningTree connect(Coordinates rows, int minSamples);
}
