package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses a hierarchy. All give equal clusters, so the choice depends only on speed and on the class path. */
final class Hierarchies {
    private static final Logger LOG = LoggerFactory.getLogger(Hierarchies.class);

    /** Maximum number of rows for which ELKI takes at most a few milliseconds. */
    static final int ROWS_BY_ELKI = 256;

    /** Maximum number of dimensions for which the boxes of a tree save more than they cost. */
    static final int DIMENSIONS_BY_TREE = 16;

    private Hierarchies() {}

    /**
     * ELKI for few rows, if it is on the class path and works (checked once, on first use); else our implementation: on
     * a tree in few dimensions, by Prim's algorithm in many.
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
                // Left out by the application, for example because of its licence, or incomplete.
                LOG.info(
                        "ELKI is not on the class path or does not start ({}); clustering by the library's own methods",
                        missing.toString());
                return null;
            }
        }
    }
}
