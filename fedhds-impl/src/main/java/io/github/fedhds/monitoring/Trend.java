package io.github.fedhds.monitoring;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.OptionalDouble;

/** Compares the mean of the newest values with that of as many values before them. For one thread. */
final class Trend {
    private final int window;
    private final Deque<Double> values = new ArrayDeque<>();

    /** @param window number of values that are compared with as many before */
    Trend(int window) {
        this.window = window;
    }

    /** Values that are not finite are left out. */
    void add(double value) {
        if (Double.isFinite(value)) {
            values.addLast(value);
            if (values.size() > 2 * window) {
                values.removeFirst();
            }
        }
    }

    /** Change of the mean as a share of the earlier mean; empty with too few values, or if that mean is 0. */
    OptionalDouble change() {
        if (values.size() < 2 * window) {
            return OptionalDouble.empty();
        }
        double before = 0;
        double last = 0;
        Iterator<Double> each = values.iterator();
        for (int i = 0; i < 2 * window; i++) {
            double value = each.next();
            before += i < window ? value : 0;
            last += i < window ? 0 : value;
        }
        double change = (last - before) / Math.abs(before);
        return Double.isFinite(change) ? OptionalDouble.of(change) : OptionalDouble.empty();
    }
}
