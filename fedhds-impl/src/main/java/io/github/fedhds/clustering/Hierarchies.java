package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the hierarchy. All give equal clusters, so speed decides, and whether ELKI is on the class path. */
final class Hierarchies {
    private static final Logger LOG = LoggerFactory.getLogger(Hierarchies.class);

    /** Up to this many rows ELKI takes a few milliseconds at most. */
    static final int ROWS_BY_ELKI = 256;

    /** Up to this many coordinates the boxes of a tree exclude more than they cost. */
    static final int DIMENSIONS_BY_TREE = 16;

    private Hierarchies() {}

    /**
     * ELKI's for few rows if it is on the class path and works (tried once, at first use); else our own, with a tree for few
     * coordinates, by Prim's method for more.
     */
    static Hierarchy choose(int rows, int dimensions, int threads) {
        Hierarchy elki = Elki.HIERARCHY;
        if (rows <= ROWS_BY_ELKI && elki != null) {
            return elki;
        }
        return dimensions <= DIMENSIONS_BY_TREE ? new BoruvkaHierarchy(threads) : new PrimHierarchy();
    }

    private static final class Elki {
        private static final @Nullable Hierarchy HIERARCHY = find();

        private static @Nullable Hierarchy find() {
            try {
                Hierarchy elki = new ElkiHierarchy();
                elki.connect(new Coordinates(Points.of(new double[] {0}, new double[] {1})), 1);
                return elki;
            } catch (LinkageError | RuntimeException missing) {
                // Left out by the application (because of its licence), or incomplete.
                LOG.info(
                        "ELKI is not on the class path or does not start ({}); clustering by the library's own methods",
                        missing.toString());
                return null;
            }
        }
    }
}
