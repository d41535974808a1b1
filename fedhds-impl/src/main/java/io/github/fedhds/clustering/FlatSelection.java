package io.github.fedhds.clustering;

import java.util.Arrays;

/**
 * Selects flat clusters from a condensed tree, by the rules of the hdbscan package of McInnes and others with two
 * differences: sums do not depend on the row order, and stabilities that differ only by rounding are equal. Time O(n
 * log n), memory O(n), no recursion.
 *
 * @see <a href="https://doi.org/10.1007/978-3-642-37456-2_14">Campello, Moulavi, Sander 2013, section 5</a>
 * @see <a href="https://doi.org/10.1109/ICDM.2019.00-87">Malzer, Baum 2020: the epsilon rule</a>
 */
final class FlatSelection {
    /** Stabilities with a smaller relative difference are equal; such differences come from rounding. */
    private static final double EQUAL = 1e-9;

    private final CondensedTree tree;
    private final boolean allowSingleCluster;
    private final double epsilon;
    private final double[] stability;
    private boolean[] selected;

    FlatSelection(
            CondensedTree tree, Hdbscan.SelectionMethod method, boolean allowSingleCluster, double selectionEpsilon) {
        this.tree = tree;
        this.allowSingleCluster = allowSingleCluster;
        epsilon = selectionEpsilon;
        stability = stability(tree);
        selected = method == Hdbscan.SelectionMethod.LEAF ? leaves() : excessOfMass();
        // Excess of mass selects the root only if nothing else is selected, and then epsilon has no effect.
        if (epsilon > 0 && tree.clusters() > 1 && !selected[0]) {
            selected = widened();
        }
    }

    /** Sum over the rows of the density range in which each stays, section 5.1. */
    private static double[] stability(CondensedTree tree) {
        int clusters = tree.clusters();
        int[] end = new int[clusters]; // the terms of cluster c end before end[c], after those of c - 1
        for (int row = 0; row < tree.rows(); row++) {
            end[tree.clusterOf(row)]++;
        }
        for (int c = 1; c < clusters; c++) {
            end[tree.parent(c)]++;
        }
        int[] next = new int[clusters];
        for (int c = 1; c < clusters; c++) {
            next[c] = end[c - 1];
            end[c] += end[c - 1];
        }
        double[] terms = new double[end[clusters - 1]];
        for (int row = 0; row < tree.rows(); row++) {
            int c = tree.clusterOf(row);
            terms[next[c]++] = tree.fallsAt(row) - tree.bornAt(c);
        }
        for (int c = 1; c < clusters; c++) {
            int p = tree.parent(c);
            terms[next[p]++] = (tree.bornAt(c) - tree.bornAt(p)) * tree.size(c);
        }
        double[] sums = new double[clusters];
        for (int c = 0; c < clusters; c++) {
            sums[c] = Sums.sum(terms, c == 0 ? 0 : end[c - 1], end[c]);
        }
        return sums;
    }

    /** The clusters with the largest total stability; a parent as stable as its children is selected. */
    private boolean[] excessOfMass() {
        int clusters = tree.clusters();
        boolean[] chosen = new boolean[clusters];
        double[] below = new double[clusters];
        for (int c = clusters - 1; c >= (allowSingleCluster ? 0 : 1); c--) {
            if (below[c] > stability[c] * (1 + EQUAL)) {
                stability[c] = below[c];
            } else {
                chosen[c] = true;
            }
            if (c > 0) {
                below[tree.parent(c)] += stability[c];
            }
        }
        boolean[] covered = new boolean[clusters];
        for (int c = 1; c < clusters; c++) {
            covered[c] = covered[tree.parent(c)] || chosen[tree.parent(c)];
            chosen[c] &= !covered[c];
        }
        return chosen;
    }

    /** The clusters without children; none if the root never splits. */
    private boolean[] leaves() {
        boolean[] chosen = new boolean[tree.clusters()];
        Arrays.fill(chosen, tree.clusters() > 1);
        for (int c = 1; c < tree.clusters(); c++) {
            chosen[tree.parent(c)] = false;
        }
        return chosen;
    }

    /** Replaces each selected cluster that starts below height epsilon by its nearest ancestor that starts above it. */
    private boolean[] widened() {
        boolean[] chosen = new boolean[tree.clusters()];
        for (int c = 1; c < chosen.length; c++) {
            if (selected[c]) {
                chosen[1 / tree.bornAt(c) < epsilon ? ancestorBornAbove(c) : c] = true;
            }
        }
        return chosen;
    }

    private int ancestorBornAbove(int cluster) {
        int c = cluster;
        while (tree.parent(c) != 0) {
            c = tree.parent(c);
            if (1 / tree.bornAt(c) > epsilon) {
                return c;
            }
        }
        return allowSingleCluster ? 0 : c;
    }

    /** The selected cluster of each row, by its number in the tree, or {@link Clustering#NOISE}. */
    int[] clusterOfRow() {
        int[] selectedAbove = new int[tree.clusters()];
        boolean alone = selected[0];
        for (int c = 1; c < selectedAbove.length; c++) {
            selectedAbove[c] = selected[c] ? c : selectedAbove[tree.parent(c)];
            alone &= !selected[c];
        }
        int[] result = new int[tree.rows()];
        for (int row = 0; row < result.length; row++) {
            int c = selectedAbove[tree.clusterOf(row)];
            boolean inside = c != 0 || (alone && tree.fallsAt(row) >= leastDensityOfRoot());
            result[row] = inside ? c : Clustering.NOISE;
        }
        return result;
    }

    /** The density from which a row belongs to the root, if that is the only cluster. */
    private double leastDensityOfRoot() {
        return epsilon > 0 ? 1 / epsilon : tree.endsAt(0);
    }

    /** Stability of a cluster, or of its descendants if they are more stable together. */
    double stability(int cluster) {
        return stability[cluster];
    }
}
