package io.github.fedhds.clustering;

/** Connects rows by density: the one step of HDBSCAN that costs time. */
@FunctionalInterface
interface Hierarchy {
    /**
     * Finds a least spanning tree of the mutual reachability distance: the largest of the two rows' core distances and
     * of the distance between them. A row's core distance is that to its {@code minSamples}-th other row (to the
     * farthest, where there are fewer). All distances are {@link Coordinates#squaredDistance}, the heights its roots.
     *
     * @param rows {@code [n, d]}, at least one row
     * @param minSamples 1 or more
     * @return a tree of n - 1 edges
     */
    SpanningTree connect(Coordinates rows, int minSamples);
}
