package io.github.fedhds.examples.benchmark;

import java.util.Locale;
import java.util.SplittableRandom;

/** How seconds grow with the number of rows: one line per number, the fewest first. */
final class Growth {
    private int lastRows;
    private double lastSeconds;

    /** A line of the table; its exponent is for the growth from the previous number of rows to this one. */
    String line(int rows, double seconds) {
        double exponent = Math.log(seconds / lastSeconds) / Math.log((double) rows / lastRows);
        String shown = lastRows == 0 ? "" : String.format(Locale.ROOT, "%.2f", exponent);
        lastRows = rows;
        lastSeconds = seconds;
        return String.format(Locale.ROOT, "| %,d | %.4f s | %s |", rows, seconds, shown);
    }

    /**
     * Normal clouds of equal size, {@code [rows, columns]}, their centres uniform from {@code -side} to {@code side}.
     */
    static float[] clouds(int rows, int columns, int clouds, double side, double deviation) {
        SplittableRandom random = new SplittableRandom(1);
        double[] centres = random.doubles((long) clouds * columns, -side, side).toArray();
        float[] values = new float[Math.multiplyExact(rows, columns)];
        for (int i = 0; i < rows; i++) {
            for (int c = 0; c < columns; c++) {
                values[i * columns + c] =
                        (float) (centres[i % clouds * columns + c] + deviation * random.nextGaussian());
            }
        }
        return values;
    }
}
