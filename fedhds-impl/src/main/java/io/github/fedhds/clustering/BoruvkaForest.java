package io.github.fedhds.clustering;

import java.util.Arrays;

/**
 * The forest of Boruvka's algorithm while it grows into a tree. A part is identified by one of its places; all
 * distances are squared mutual reachability distances.
 *
 * <p>Results of a round speed up later rounds: parts only grow, so the distance of a place to the outside of its part
 * never decreases ({@link #least}), and an edge that still leads outside is an initial upper bound ({@link #found}).
 */
final class BoruvkaForest {
    private static final int MIXED = -1;
    private static final int NONE = -1;
    /** Level of the nodes that are distributed to the crew: 64 nodes, if the tree is deep enough. */
    private static final int LEVEL_OF_WORK = 6;

    private final KdTree tree;
    private final Crew crew;
    private final SpanningTree edges;
    private final double[] core;
    private final double[] coreOfNode; // minimum over the places below
    private final int[] part;
    private final int[] partOfNode; // the part of all places below, or MIXED
    private final double[] least; // lower bound of the edges from the place out of its part
    private final double[] leastOfNode;
    private final double[] limitOfNode; // mixed nodes: an edge this long cannot improve any place below
    private final double[] found; // length of the edge from the place to partner
    private final int[] partner;
    private final Search[] searches;

    /**
     * Each place is a separate part.
     *
     * @param core squared core distances, one per place
     */
    BoruvkaForest(KdTree tree, double[] core, Crew crew) {
        this.tree = tree;
        this.core = core;
        this.crew = crew;
        int n = tree.size();
        edges = new SpanningTree(n);
        coreOfNode = new double[tree.nodes()];
        leastBelow(core, coreOfNode);
        part = new int[n];
        for (int place = 0; place < n; place++) {
            part[place] = place;
        }
        partOfNode = new int[tree.nodes()];
        least = core.clone();
        leastOfNode = new double[tree.nodes()];
        limitOfNode = new double[tree.nodes()];
        found = new double[n];
        partner = new int[n];
        Arrays.fill(partner, NONE);
        searches = new Search[crew.size()];
        for (int member = 0; member < searches.length; member++) {
            searches[member] = new Search(n);
        }
    }

    /** The minimum spanning tree of the rows. */
    SpanningTree join() {
        int n = tree.size();
        while (edges.edges() < n - 1) {
            sumUpParts();
            leastBelow(least, leastOfNode);
            for (Search search : searches) {
                search.begin();
            }
            sumUpLimits();
            crew.run(member -> searches[member].run(member));
            for (int member = 1; member < searches.length; member++) {
                searches[0].take(searches[member]);
            }
            joinNearest(searches[0]);
        }
        return edges;
    }

    private void leastBelow(double[] ofPlace, double[] ofNode) {
        for (int node = tree.nodes() - 1; node >= 0; node--) {
            if (tree.isLeaf(node)) {
                ofNode[node] = Double.POSITIVE_INFINITY;
                for (int place = tree.begin(node); place < tree.end(node); place++) {
                    ofNode[node] = Math.min(ofNode[node], ofPlace[place]);
                }
            } else {
                ofNode[node] = Math.min(ofNode[2 * node + 1], ofNode[2 * node + 2]);
            }
        }
    }

    private void sumUpParts() {
        for (int node = tree.nodes() - 1; node >= 0; node--) {
            int one = tree.isLeaf(node) ? part[tree.begin(node)] : partOfNode[2 * node + 1];
            boolean mixed = !tree.isLeaf(node) && partOfNode[2 * node + 2] != one;
            for (int place = tree.begin(node); tree.isLeaf(node) && place < tree.end(node); place++) {
                mixed |= part[place] != one;
            }
            partOfNode[node] = mixed ? MIXED : one;
        }
    }

    private void sumUpLimits() {
        for (int node = tree.nodes() - 1; node >= 0; node--) {
            if (tree.isLeaf(node)) {
                limitOfNode[node] = searches[0].limitOfLeaf(node);
            } else {
                limitOfNode[node] = Math.max(limitOfNode[2 * node + 1], limitOfNode[2 * node + 2]);
            }
        }
    }

    /** Adds each part's nearest edge, except edges that would close a cycle with those added before. */
    private void joinNearest(Search nearest) {
        int n = tree.size();
        for (int place = 0; place < n; place++) {
            least[place] = Math.max(least[place], nearest.length[part[place]]);
        }
        int[] owner = part; // a part's identifying place points to the part that it joins
        int[] joined = new int[n];
        int parts = 0;
        for (int place = 0; place < n; place++) {
            if (part[place] == place) {
                joined[parts++] = place;
            }
        }
        for (int i = 0; i < parts; i++) {
            int from = nearest.from[joined[i]];
            int to = nearest.to[joined[i]];
            int a = find(owner, from);
            int b = find(owner, to);
            if (a != b) {
                owner[Math.max(a, b)] = Math.min(a, b);
                edges.addSquared(tree.rowAt(from), tree.rowAt(to), nearest.length[joined[i]]);
            }
        }
        for (int place = 0; place < n; place++) {
            part[place] = find(owner, place);
        }
    }

    private static int find(int[] owner, int place) {
        int a = place;
        while (owner[a] != a) {
            owner[a] = owner[owner[a]];
            a = owner[a];
        }
        return a;
    }

    /** One thread's round: the shortest edge that it has found out of each part. */
    private final class Search {
        final double[] length;
        final int[] from;
        final int[] to;

        Search(int n) {
            length = new double[n];
            from = new int[n];
            to = new int[n];
        }

        /** Starts from the edges of earlier rounds that still lead out of a part. */
        void begin() {
            Arrays.fill(length, Double.POSITIVE_INFINITY);
            for (int place = 0; place < length.length; place++) {
                int other = partner[place];
                if (other != NONE && part[place] != part[other]) {
                    note(part[place], place, other, found[place]);
                    note(part[other], place, other, found[place]);
                }
            }
        }

        private void note(int ofPart, int a, int b, double distance) {
            if (distance < length[ofPart]) {
                length[ofPart] = distance;
                from[ofPart] = a;
                to[ofPart] = b;
            }
        }

        void take(Search other) {
            for (int place = 0; place < length.length; place++) {
                if (part[place] == place) {
                    note(place, other.from[place], other.to[place], other.length[place]);
                }
            }
        }

        void run(int member) {
            int first = 0;
            for (int level = 0; level < LEVEL_OF_WORK && !tree.isLeaf(first); level++) {
                first = 2 * first + 1;
            }
            for (int node = first + member; node <= 2 * first; node += crew.size()) {
                search(node, 0, 0);
            }
        }

        /** An edge of this length or longer cannot improve any place below the leaf. */
        double limitOfLeaf(int leaf) {
            double limit = 0;
            for (int place = tree.begin(leaf); place < tree.end(leaf); place++) {
                double own = length[part[place]];
                if (least[place] < own) {
                    limit = Math.max(limit, own);
                }
            }
            return limit;
        }

        private double limit(int node) {
            return partOfNode[node] == MIXED ? limitOfNode[node] : length[partOfNode[node]];
        }

        /** Searches edges from places below a node to places below another, at least {@code gap} away. */
        private void search(int node, int other, double gap) {
            double atLeast = Math.max(gap, Math.max(leastOfNode[node], coreOfNode[other]));
            if (!(atLeast < limit(node)) || (partOfNode[node] != MIXED && partOfNode[node] == partOfNode[other])) {
                return;
            }
            if (tree.isLeaf(node) && tree.isLeaf(other)) {
                compare(node, other);
                limitOfNode[node] = limitOfLeaf(node);
            } else if (tree.isLeaf(node) || (other < node && !tree.isLeaf(other))) {
                int left = 2 * other + 1;
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
                int left = 2 * node + 1;
                search(left, other, tree.squaredGapOfNodes(left, other));
                search(left + 1, other, tree.squaredGapOfNodes(left + 1, other));
                limitOfNode[node] = Math.max(limit(left), limit(left + 1));
            }
        }

        private void compare(int leaf, int other) {
            int end = tree.end(other);
            for (int place = tree.begin(leaf); place < tree.end(leaf); place++) {
                int own = part[place];
                if (!(least[place] < length[own]) || !(tree.squaredGap(place, other) < length[own])) {
                    continue;
                }
                for (int q = tree.begin(other); q < end; q++) {
                    if (part[q] != own && core[q] < length[own]) {
                        double distance = Math.max(tree.squaredDistance(place, q), Math.max(core[place], core[q]));
                        if (distance < length[own]) {
                            note(own, place, q, distance);
                            note(part[q], place, q, distance);
                            found[place] = distance;
                            partner[place] = q;
                        }
                    }
                }
            }
        }
    }
}
