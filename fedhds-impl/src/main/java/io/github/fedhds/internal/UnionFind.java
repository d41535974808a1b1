package io.github.fedhds.internal;

import java.util.Arrays;

/**
 * Disjoint sets of 0 to n - 1, each identified by its smallest member: union-find with path halving. Not thread-safe.
 */
public final class UnionFind {
    private final int[] parent;

    /** Each element is a separate set. */
    public UnionFind(int n) {
        parent = new int[n];
        Arrays.setAll(parent, i -> i);
    }

    /** The smallest member of the element's set. */
    public int find(int element) {
        int at = element;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    /** Unites the sets of two elements; false if they are already in the same set. */
    public boolean union(int a, int b) {
        int first = find(a);
        int second = find(b);
        parent[Math.max(first, second)] = Math.min(first, second);
        return first != second;
    }
}
