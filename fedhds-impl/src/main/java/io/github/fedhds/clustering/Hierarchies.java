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

    private Hierarchies() {}

    /** ELKI's for few rows if it is on the class path and works (tried once, at first use); else our own. */
    static Hierarchy choose(int rows, int threads) {
        Hierarchy elki = Elki.HIERARCHY;
        return rows <= ROWS_BY_ELKI && elki != null ? elki : new BoruvkaHierarchy(threads);
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
                        "ELKI is not on the class path or does not start ({}); FedHDS uses its own clustering instead",
                        missing.toString());
                return null;
            }
        }
    }
}
