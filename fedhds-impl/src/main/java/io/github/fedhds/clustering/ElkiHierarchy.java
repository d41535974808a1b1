package io.github.fedhds.clustering;

import elki.clustering.hierarchical.AbstractHDBSCAN;
import elki.database.datastore.DoubleDataStore;
import elki.database.ids.DBID;
import elki.database.ids.DBIDFactory;
import elki.database.ids.DBIDRange;
import elki.database.query.distance.DistanceQuery;
import elki.database.query.knn.LinearScanKNNByDBID;
import elki.database.relation.DBIDView;
import elki.database.relation.Relation;
import elki.distance.AbstractDBIDRangeDistance;
import elki.logging.Logging;
import elki.math.geometry.PrimsMinimumSpanningTree;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The hierarchy by ELKI 0.8.0: its core distances and its minimum spanning tree, combined as in its
 * HDBSCANLinearMemory. The only class that uses ELKI. Time O(n² d), memory O(n). Stateless, safe for many threads.
 *
 * <p>Differs from HDBSCANLinearMemory in two points. ELKI uses <em>our</em> distance function: its own may sum in
 * another order and differ in the last bit, so tied heights would no longer be equal and the edges of the tree would
 * change. And neighbours are found by a linear scan: otherwise ELKI may create a matrix of all distances, n² numbers.
 */
final class ElkiHierarchy implements Hierarchy {
    private static final String ELKI = "elki";
    private static final Logger ELKI_LOGGER = quietLogger();

    @Override
    public SpanningTree connect(Coordinates rows, int minSamples) {
        int n = rows.size();
        SpanningTree tree = new SpanningTree(n);
        if (n > 1) {
            // A separate range from 0, because ELKI's global counter would overflow in the end.
            DBIDRange ids = DBIDFactory.FACTORY.generateStaticDBIDRange(0, n);
            // minPts includes the row itself.
            new Run(new RowDistance(rows), Math.min(minSamples + 1, n)).run(new DBIDView(ids), ids, tree);
        }
        return tree;
    }

    /**
     * On first use, ELKI's logging replaces the application's whole java.util.logging configuration by its own file, or
     * reads the application's file again and loses later settings. It changes nothing if the file is missing, so this
     * method lets it look once for a file that does not exist. Its progress reports, of level INFO, are off unless the
     * application has set a level for "elki".
     *
     * @return the logger with this level; without a reference to it the level would be lost
     */
    private static Logger quietLogger() {
        Logger complaint = Logger.getLogger("elki.logging.LoggingConfiguration");
        Level complaintLevel = complaint.getLevel();
        String key = "java.util.logging.config.file";
        String before = System.getProperty(key);
        try {
            complaint.setLevel(Level.OFF);
            System.setProperty(key, "no-logging-configuration-of-elki");
            Logging.getLogger(ELKI);
        } finally {
            if (before == null) {
                System.clearProperty(key);
            } else {
                System.setProperty(key, before);
            }
            complaint.setLevel(complaintLevel);
        }
        Logger top = Logger.getLogger(ELKI);
        if (top.getLevel() == null) {
            top.setLevel(Level.WARNING);
        }
        return top;
    }

    /** Our distance for ELKI; ELKI's row numbers equal ours, because its range starts at 0. */
    private static final class RowDistance extends AbstractDBIDRangeDistance {
        private final Coordinates rows;

        RowDistance(Coordinates rows) {
            this.rows = rows;
        }

        @Override
        public double distance(int a, int b) {
            return rows.squaredDistance(a, b);
        }

        @Override
        public boolean isSquared() {
            return true;
        }

        @Override
        public void checkRange(DBIDRange range) {
            if (range.size() != rows.size()) {
                throw new IllegalArgumentException("distances of " + rows.size() + " rows, asked for " + range.size());
            }
        }
    }

    private static final class Run extends AbstractHDBSCAN<DBID> {
        private static final Logging LOG = Logging.getLogger(ELKI_LOGGER.getName());

        Run(RowDistance distance, int minPts) {
            super(distance, minPts);
        }

        void run(Relation<DBID> relation, DBIDRange ids, SpanningTree tree) {
            DistanceQuery<DBID> query = distance.instantiate(relation);
            DoubleDataStore core = computeCoreDists(ids, new LinearScanKNNByDBID<>(query), minPts);
            PrimsMinimumSpanningTree.processDense(
                    ids, new HDBSCANAdapter(ids, core, query), (height, a, b) -> tree.addSquared(a, b, height));
        }

        @Override
        protected Logging getLogger() {
            return LOG;
        }
    }
}
