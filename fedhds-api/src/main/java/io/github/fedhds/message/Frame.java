package io.github.fedhds.message;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Coordinates that all clients of a round share, so that their groups' centres can be compared: a linear map of feature
 * rows. A client's fusion (t-SNE, say) fits coordinates of its own, in which the same place means something else on every
 * client. Plain values, which travel with the opening. Immutable, safe for many threads.
 */
public sealed interface Frame {
    /** Coordinates of a point, 1 or more. */
    int dimensions();

    /**
     * Places rows in the frame: the same point for the same row on every machine, but for rounding. Time
     * O(n columns dimensions), memory of the points and of one row; a row's point does not depend on the rows beside it.
     *
     * @param features {@code [n, columns]}; n may be 0
     * @return {@code [n, dimensions]}
     * @throws IllegalArgumentException if the frame is for rows of another length
     */
    Points place(FeatureMatrix features);

    /**
     * Random signs: axis k is the sum of the row's numbers, each with a sign of its own, over the root of the number of
     * axes, so that distances are kept on average. Needs nothing but a seed, and gives the same bits on every machine.
     *
     * @param dimensions 1 or more; 16 keep distances within about a quarter
     * @param seed of the signs
     * @see <a href="https://doi.org/10.1016/S0022-0000(03)00025-4">Achlioptas 2003: Database-friendly random
     *     projections</a>
     */
    record Signs(int dimensions, long seed) implements Frame {
        public Signs {
            if (dimensions < 1) {
                throw new IllegalArgumentException("dimensions of a frame must be 1 or more, was " + dimensions);
            }
        }

        @Override
        public Points place(FeatureMatrix features) {
            int n = features.rows();
            int columns = features.columns();
            float[] row = new float[columns];
            double[] placed = new double[n * dimensions];
            double scale = 1 / Math.sqrt(dimensions);
            SplittableRandom random = new SplittableRandom(seed);
            double[] signs = new double[columns];
            for (int axis = 0; axis < dimensions; axis++) {
                for (int from = 0; from < columns; from += Long.SIZE) {
                    long bits = random.nextLong();
                    for (int j = from; j < Math.min(columns, from + Long.SIZE); j++, bits >>>= 1) {
                        signs[j] = (bits & 1) == 0 ? scale : -scale;
                    }
                }
                for (int i = 0; i < n; i++) {
                    features.copy(i, 0, row);
                    double sum = 0;
                    for (int j = 0; j < columns; j++) {
                        sum += row[j] * signs[j];
                    }
                    placed[i * dimensions + axis] = sum;
                }
            }
            return new Points(n, dimensions, placed);
        }
    }

    /**
     * Axes that the server has found, on public prompts, say: {@code (row - mean) . axis}.
     *
     * @param mean a number a column of the features
     * @param axes {@code [dimensions, columns]}, axis by axis; 1 axis or more
     */
    record Axes(float[] mean, float[] axes) implements Frame {
        public Axes {
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
