package io.github.fedhds.privacy;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts on the clients of one process how often the bounds of their noise shorten what they send, and logs a warning, once
 * for centroids and once for updates, if most are shortened by more than a fifth: then the noise is added to little that
 * is left of them. The count is of exact values, which no noise protects. So it stays in the log of the process that holds
 * the clients' data: it is in no message, no result and no report. Safe for many threads.
 */
public final class BoundWatch {
    private static final Logger LOGGER = LoggerFactory.getLogger(BoundWatch.class);

    /** A point beyond this times its bound counts: its length is cut by a fifth or more. */
    private static final double BEYOND = 1.25;

    /** Where tanh has left its nearly straight part: coordinates beyond twice the scale are all within 0.96 and 1. */
    private static final double FLAT = 2;

    private static final int LEAST = 20;
    private static final double MOST = 0.8;

    private final Count centroids =
            new Count("centroids", "give CentroidNoise a bound with a larger radius or scale (with t-SNE some tens)");
    private final Count updates =
            new Count("changes of the adapter", "raise the norm of UpdateNoise (--clip), or lower the learning rate");

    private final Consumer<String> out;

    public BoundWatch() {
        this(LOGGER::warn);
    }

    /** @param out receives each warning */
    BoundWatch(Consumer<String> out) {
        this.out = out;
    }

    private static final class Count {
        private final String what;
        private final String help;
        private int all;
        private int shortened;
        private boolean told;

        Count(String what, String help) {
            this.what = what;
            this.help = help;
        }

        synchronized void add(boolean isShortened, Consumer<String> out) {
            all++;
            shortened += isShortened ? 1 : 0;
            if (!told && all >= LEAST && shortened > MOST * all) {
                told = true;
                out.accept("the bound shortens most " + what + " of this process's clients by more than a fifth ("
                        + shortened + " of " + all + "): " + help + ". This line is computed from exact values: show it"
                        + " to nobody who must not see the clients' data");
            }
        }
    }

    /** A centroid before it is bounded. */
    void centroid(double[] point, Bound bound) {
        boolean beyond = true;
        if (bound.kind() == Bound.Kind.TANH) {
            for (double x : point) {
                beyond &= Math.abs(x) > FLAT * bound.size();
            }
        } else {
            double length = 0;
            for (double x : point) {
                length = Math.hypot(length, x);
            }
            beyond = length > BEYOND * bound.size();
        }
        centroids.add(beyond, out);
    }

    /** The length of a change before it is clipped. */
    void update(double length, double norm) {
        updates.add(length > BEYOND * norm, out);
    }
}
