package io.github.fedhds.clustering;

import io.github.fedhds.internal.KdTree;
import io.github.fedhds.internal.UnionFind;
import io.github.fedhds.internal.Workers;
import java.util.Arrays;

/**
 * The forest of Boruvka's algorithm, which grows into a minimum spanning tree. One of its places identifies a
 * component; all distances are squared mutual reachability distances.
 *
 * <p>Bounds of one round serve the next: components only grow, so the distance of a place to the outside of its
 * component never decreases ({@link #least}), and an edge that still leads outside is an initial upper bound ({@link
 * #found}).
 */
final class BoruvkaForest {
    private static final int MIXED = -1;
    private static final int NONE = -1;
    /** Level of the nodes that the threads share: 64 nodes, if the tree is deep enough. */
    private static final int SHARED_LEVEL = 6;

    private final KdTree tree;
    private final Workers workers;
    private final SpanningTree edges;
    private final UnionFind components;
    private final double[] core;
    private final double[] coreOfNode; // minimum over the places below
    private final int[] component;
    private final int[] componentOfNode; // the component of all places below, or MIXED
    private final double[] least; // lower bound of the edges from the place out of its component
    private final double[] leastOfNode;
    private final double[] limitOfNode; // of a mixed node: an edge this long improves no place below
    private final double[] found; // length of the edge from the place to partner
    private final int[] partner;
    private final Search[] searches;

    /**
     * Each place is a component.
     *
     * @param core squared core distances, one per place
     */
    BoruvkaForest(KdTree tree, double[] core, Workers workers) {
        this.tree = tree;
        this.core = core;
        this.workers = workers;
        int n = tree.size();
        edges = new SpanningTree(n);
        components = new UnionFind(n);
        coreOfNode = new double[tree.nodes()];
        leastBelow(core, coreOfNode);
        component = new int[n];
        Arrays.setAll(component, place -> place);
        componentOfNode = new int[tree.nodes()];
        least = core.clone();
        leastOfNode = new double[tree.nodes()];
        limitOfNode = new double[tree.nodes()];
        found = new double[n];
        partner = new int[n];
        Arrays.fill(partner, NONE);
        searches = new Search[workers.size()];
        Arrays.setAll(searches, thread -> new Search(n));
    }

    /** The minimum spanning tree of the rows. */
    SpanningTree connect() {
        while (edges.edges() < tree.size() - 1) {
            findComponentsOfNodes();
            leastBelow(least, leastOfNode);
            for (Search search : searches) {
                search.begin();
            }
            for (int node = tree.nodes() - 1; node > 0; node--) {
                limitOfNode[node] = tree.isLeaf(node)
                        ? searches[0].limitOfLeaf(node)
                        : Math.max(limitOfNode[2 * node], limitOfNode[2 * node + 1]);
            }
            workers.run(thread -> searches[thread].run(thread));
            for (int thread = 1; thread < searches.length; thread++) {
                searches[0].take(searches[thread]);
            }
            addShortest(searches[0]);
        }
        return edges;
    }

    private void leastBelow(double[] ofPlace, double[] ofNode) {
        for (int node = tree.nodes() - 1; node > 0; node--) {
            if (tree.isLeaf(node)) {
                ofNode[node] = Double.POSITIVE_INFINITY;
                for (int place = tree.begin(node); place < tree.end(node); place++) {
                    ofNode[node] = Math.min(ofNode[node], ofPlace[place]);
                }
            } else {
                ofNode[node] = Math.min(ofNode[2 * node], ofNode[2 * node + 1]);
            }
        }
    }

    private void findComponentsOfNodes() {
        for (int node = tree.nodes() - 1; node > 0; node--) {
            int one = tree.isLeaf(node) ? component[tree.begin(node)] : componentOfNode[2 * node];
            boolean mixed = !tree.isLeaf(node) && componentOfNode[2 * node + 1] != one;
            for (int place = tree.begin(node); tree.isLeaf(node) && place < tree.end(node); place++) {
                mixed |= component[place] != one;
            }
            componentOfNode[node] = mixed ? MIXED : one;
        }
    }

    /** Adds the shortest edge out of each component, except edges that would close a cycle. */
    private void addShortest(Search shortest) {
        for (int place = 0; place < component.length; place++) {
            least[place] = Math.max(least[place], shortest.length[component[place]]);
        }
        for (int root = 0; root < component.length; root++) {
            if (component[root] == root && components.union(shortest.from[root], shortest.to[root])) {
                edges.addSquared(tree.rowAt(shortest.from[root]), tree.rowAt(shortest.to[root]), shortest.length[root]);
            }
        }
        Arrays.setAll(component, components::find);
    }

    /** One thread's round: the shortest edge found out of each component. */
    private final class Search {
        final double[] length;
        final int[] from;
        final int[] to;

        Search(int n) {
            length = new double[n];
            from = new int[n];
            to = new int[n];
        }

        /** Starts from the edges found in earlier rounds that still lead out of a component. */
        void begin() {
            Arrays.fill(length, Double.POSITIVE_INFINITY);
            for (int place = 0; place < length.length; place++) {
                int other = partner[place];
                if (other != NONE && component[place] != component[other]) {
                    note(component[place], place, other, found[place]);
                    note(component[other], place, other, found[place]);
                }
            }
        }

        private void note(int of, int a, int b, double distance) {
            if (distance < length[of]) {
                length[of] = distance;
                from[of] = a;
                to[of] = b;
            }
        }

        void take(Search other) {
            for (int place = 0; place < length.length; place++) {
                if (component[place] == place) {
                    note(place, other.from[place], other.to[place], other.length[place]);
                }
            }
        }

        void run(int thread) {
            int first = 1;
            for (int level = 0; level < SHARED_LEVEL && !tree.isLeaf(first); level++) {
                first *= 2;
            }
            for (int node = first + thread; node < 2 * first && !workers.isInterrupted(); node += workers.size()) {
                search(node, 1, 0);
            }
        }

        /** An edge of this length or longer improves no place of the leaf. */
        double limitOfLeaf(int leaf) {
            double limit = 0;
            for (int place = tree.begin(leaf); place < tree.end(leaf); place++) {
                double own = length[component[place]];
                if (least[place] < own) {
                    limit = Math.max(limit, own);
                }
            }
            return limit;
        }

        private double limit(int node) {
            return componentOfNode[node] == MIXED ? limitOfNode[node] : length[componentOfNode[node]];
        }

        /** Searches edges from places below a node to places below another, at least {@code gap} away. */
        private void search(int node, int other, double gap) {
            double atLeast = Math.max(gap, Math.max(leastOfNode[node], coreOfNode[other]));
            boolean inOne = componentOfNode[node] != MIXED && componentOfNode[node] == componentOfNode[other];
            if (inOne || !(atLeast < limit(node))) {
                return;
            }
            if (tree.isLeaf(node) && tree.isLeaf(other)) {
                compare(node, other);
                limitOfNode[node] = limitOfLeaf(node);
            } else if (tree.isLeaf(node) || (other < node && !tree.isLeaf(other))) {
                int left = 2 * other;
                double leftGap = tree.squaredGapOfNodes(node, left);
                double rightGap = tree.squaredGapOfNodes(node, left + 1);
                if (leftGap < rightGap || (leftGap == rightGap && tree.begin(node) < tree.end(left))) {
                    search(node, left, leftGap);
                    search(node, left + 1, rightGap);
                } else {
                    search(node, left + 1, rightGap);
                    search(node, left, leftGap);
                }
            } else {
                int left = 2 * node;
                search(left, other, tree.squaredGapOfNodes(left, other));
                search(left + 1, other, tree.squaredGapOfNodes(left + 1, other));
                limitOfNode[node] = Math.max(limit(left), limit(left + 1));
            }
        }

        private void compare(int leaf, int other) {
            int end = tree.end(other);
            for (int place = tree.begin(leaf); place < tree.end(leaf); place++) {
                int own = component[place];
                if (!(least[place] < length[own]) || !(tree.squaredGap(place, other) < length[own])) {
                    continue;
                }
                for (int q = tree.begin(other); q < end; q++) {
                    if (component[q] != own && core[q] < length[own]) {
                        double distance = Math.max(tree.squaredDistance(place, q), Math.max(core[place], core[q]));
                        if (distance < length[own]) {
                            note(own, place, q, distance);
                            note(component[q], place, q, distance);
                            found[place] = distance;
                            partner[place] = q;
                        }
                    }
                }
            }
        }
    }
}
