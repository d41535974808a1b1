package io.github.fedhds.clustering;

import io.github.fedhds.feature.Points;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which hierarchy works. All give equal clusters, so the choice is one of time and of what is on the class path. */
final class Hierarchies {
    private static final Logger LOG = LoggerFactory.getLogger(Hierarchies.class);

    private Hierarchies() {}

    /** ELKI's where it is on the class path and works, else our own; found out once, at first use. */
    static Hierarchy standard() {
        return Standard.HIERARCHY;
    }

    private static final class Standard {
        private static final Hierarchy HIERARCHY = find();

        private static Hierarchy find() {
            try {
                Hierarchy elki = new ElkiHierarchy();
                elki.connect(new Coordinates(Points.of(new double[] {0}, new double[] {1})), 1);
                return elki;
            } catch (LinkageError | RuntimeException missing) {
                // Left out by the application (a matter of licence), or without one of its parts.
                LOG.info(
                        "ELKI is not on the class path or does not start ({}); clustering by Prim's method",
                        missing.toString());
                return new PrimHierarchy();
            }
        }
    }
}
