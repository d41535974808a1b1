package io.github.fedhds.examples.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A straight scale with round ticks, from {@code low} to {@code high}, on pixels {@code from} to {@code to}. */
record Axis(double low, double high, double from, double to) {
    private static final int TICKS = 5;

    /** An axis that has room for these values; for one value, or none, around it. */
    static Axis around(double low, double high, double from, double to) {
        double least = Double.isFinite(low) ? low : 0;
        double most = Double.isFinite(high) ? high : 1;
        if (!(most > least)) {
            double room = Math.abs(least) / 2;
            return least == 0 ? new Axis(0, 1, from, to) : new Axis(least - room, least + room, from, to);
        }
        return new Axis(least, most, from, to);
    }

    double at(double value) {
        return from + (value - low) / (high - low) * (to - from);
    }

    /** Multiples of 1, 2 or 5 times a power of ten within the axis; whole numbers only if {@code whole}. */
    List<Double> ticks(boolean whole) {
        double raw = (high - low) / TICKS;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double step =
                raw / power <= 1 ? power : raw / power <= 2 ? 2 * power : raw / power <= 5 ? 5 * power : 10 * power;
        step = whole ? Math.max(1, Math.rint(step)) : step;
        List<Double> ticks = new ArrayList<>();
        for (double tick = Math.ceil(low / step - 1e-9) * step; tick <= high + 1e-9 * step; tick += step) {
            ticks.add(Math.abs(tick) < 1e-9 * step ? 0 : tick);
        }
        return ticks;
    }

    /** A short text of a number. */
    static String label(double value) {
        double size = Math.abs(value);
        if (size >= 1e9 || size > 0 && size < 1e-3) {
            return String.format(Locale.ROOT, "%.0e", value);
        }
        if (size >= 1e6) {
            return trimmed(value / 1e6) + "M";
        }
        return size >= 1e4 ? trimmed(value / 1e3) + "k" : trimmed(value);
    }

    /** At most four digits, or all of a whole part. */
    private static String trimmed(double value) {
        double size = Math.abs(value);
        int places = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
        String text = String.format(Locale.ROOT, "%." + places + "f", value);
        return places == 0 ? text : text.replaceAll("\\.?0+$", "");
    }
}
