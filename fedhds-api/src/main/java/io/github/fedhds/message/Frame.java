package io.github.fedhds.message;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * A linear map of feature rows to coordinates that all clients of a round share, so that the centres of their groups can be
 * compared. A fusion such as t-SNE fits separate coordinates on each client, which cannot be compared. A frame is sent with
 * the opening. Immutable, safe for many threads.
 */
public sealed interface Frame {
    /** Number of coordinates of a point, 1 or more. */
    int dimensions();

    /**
     * Maps rows to points. The point of a row does not depend on other rows, and is the same on every machine except for
     * rounding. Time O(n columns dimensions); memory of the points and of one row.
     *
     * @param features {@code [n, columns]}; n may be 0
     * @return {@code [n, dimensions]}
     * @throws IllegalArgumentException if the frame is for rows of a different length
     */
    Points place(FeatureMatrix features);

    /**
     * A random projection with signs: coordinate k is the sum of the row's numbers with random signs, divided by the square
     * root of the number of dimensions, so that distances are kept on average. Gives the same bits on every machine.
     *
     * @param dimensions 1 or more; with 16, distances are kept within about 25 %
     * @param seed seed of the signs
     * @see <a href="https://doi.org/10.1016/S0022-0000(03)00025-4">Achlioptas 2003: Database-friendly random
     *     projections</a>
     */
    record Signs(int dimensions, long seed) implements Frame {
        /** Columns whose signs are held as numbers at a time: one random number has the signs of as many. */
        private static final int TOGETHER = Long.SIZE;

        public Signs {
            if (dimensions < 1) {
                throw new IllegalArgumentException("dimensions of a frame must be 1 or more, was " + dimensions);
            }
        }

        @Override
        public Points place(FeatureMatrix features) {
            int n = features.rows();
            int columns = features.columns();
            double[][] placed = new double[n][dimensions];
            double[][] signs = new double[TOGETHER][dimensions];
            long[][] drawn = draw((columns + TOGETHER - 1) / TOGETHER);
            for (int from = 0; from < columns; from += TOGETHER) {
                float[] part = new float[Math.min(TOGETHER, columns - from)];
                spread(drawn[from / TOGETHER], part.length, signs);
                for (int i = 0; i < n; i++) {
                    features.copy(i, from, part);
                    add(part, signs, placed[i]);
                }
            }
            double[] all = new double[n * dimensions];
            for (int i = 0; i < n; i++) {
                System.arraycopy(placed[i], 0, all, i * dimensions, dimensions);
            }
            return new Points(n, dimensions, all);
        }

        /** A random number for each block of columns and each axis. */
        private long[][] draw(int blocks) {
            long[][] drawn = new long[blocks][dimensions];
            SplittableRandom random = new SplittableRandom(seed);
            for (int axis = 0; axis < dimensions; axis++) {
                for (int block = 0; block < blocks; block++) {
                    drawn[block][axis] = random.nextLong();
                }
            }
            return drawn;
        }

        /** Writes the signs of a block's columns, column by column. */
        private void spread(long[] bits, int columns, double[][] signs) {
            double scale = 1 / Math.sqrt(dimensions);
            for (int axis = 0; axis < dimensions; axis++) {
                for (int j = 0; j < columns; j++) {
                    signs[j][axis] = (bits[axis] >>> j & 1) == 0 ? scale : -scale;
                }
            }
        }

        /**
         * Adds a block's columns to one point. All coordinates are added to at a time, which the compiler vectorizes. Each
         * of them is a sum in the order of the columns.
         */
        private static void add(float[] part, double[][] signs, double[] point) {
            for (int j = 0; j < part.length; j++) {
                double value = part[j];
                double[] column = signs[j];
                for (int axis = 0; axis < point.length; axis++) {
                    point[axis] += value * column[axis];
                }
            }
        }
    }

    /**
     * Axes that the server has computed, for example by PCA on public prompts: coordinate k is {@code (row - mean) . axis_k}.
     *
     * @param mean one number per column of the features
     * @param axes {@code [dimensions, columns]}, axis by axis; 1 axis or more
     */
    record Axes(float[] mean, float[] axes) implements Frame {
        public Axes {
            Objects.requireNonNull(mean, "mean");
            Objects.requireNonNull(axes, "axes");
            if (mean.length < 1 || axes.length < 1 || axes.length % mean.length != 0) {
                throw new IllegalArgumentException("a frame has axes as long as its mean, one or more; was a mean of "
                        + mean.length + " and " + axes.length + " numbers of axes");
            }
            for (float[] values : new float[][] {mean, axes}) {
                for (float value : values) {
                    if (!Float.isFinite(value)) {
                        throw new IllegalArgumentException("mean and axes of a frame must be finite, was " + value);
                    }
                }
            }
            mean = mean.clone();
            axes = axes.clone();
        }

        @Override
        public float[] mean() {
            return mean.clone();
        }

        @Override
        public float[] axes() {
            return axes.clone();
        }

        @Override
        public int dimensions() {
            return axes.length / mean.length;
        }

        @Override
        public Points place(FeatureMatrix features) {
            int n = features.rows();
            int columns = features.columns();
            if (columns != mean.length) {
                throw new IllegalArgumentException("the frame is for rows of " + mean.length
                        + " numbers, these features have " + columns + "; do server and clients use one model?");
            }
            float[] row = new float[columns];
            double[] placed = new double[n * dimensions()];
            for (int i = 0; i < n; i++) {
                features.copy(i, 0, row);
                for (int axis = 0; axis < dimensions(); axis++) {
                    double sum = 0;
                    for (int j = 0; j < columns; j++) {
                        sum += ((double) row[j] - mean[j]) * axes[axis * columns + j];
                    }
                    placed[i * dimensions() + axis] = sum;
                }
            }
            return new Points(n, dimensions(), placed);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Axes that && Arrays.equals(mean, that.mean) && Arrays.equals(axes, that.axes);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(mean) + Arrays.hashCode(axes);
        }

        @Override
        public String toString() {
            return "Axes[" + dimensions() + " of " + mean.length + "]";
        }
    }
}
