package io.github.fedhds.feature;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** More numbers than an array holds: 16,000 instructions on a model of 8 billion parameters have 2.2 thousand million. */
class LargeFeatureMatrixTest {
    private static final int ROWS = 16_000;
    private static final int BLOCKS = 33;
    private static final int WIDTH = 4096;

    /** All rows share one array, but the last, so that it fits into any heap. */
    private static FeatureMatrix matrix() {
        float[] shared = new float[BLOCKS * WIDTH];
        float[] last = new float[BLOCKS * WIDTH];
        shared[BLOCKS * WIDTH - 1] = 1;
        last[BLOCKS * WIDTH - 1] = 2;
        float[][] rows = new float[ROWS][];
        Arrays.fill(rows, shared);
        rows[ROWS - 1] = last;
        return new FeatureMatrix(rows, BLOCKS, WIDTH, 0);
    }

    @Test
    void read_everyWay_reachesTheLastNumber() {
        FeatureMatrix matrix = matrix();
        int columns = matrix.columns();
        assertEquals(135_168, columns);
        assertEquals(2, matrix.get(ROWS - 1, columns - 1));
        assertEquals(2, matrix.row(ROWS - 1)[columns - 1]);
        float[] part = new float[2];
        matrix.copy(ROWS - 1, columns - 2, part);
        assertArrayEquals(new float[] {0, 2}, part);
        FeatureMatrix end = matrix.lastBlock();
        assertEquals(2, end.get(ROWS - 1, WIDTH - 1));
        assertEquals(1, end.get(ROWS - 2, WIDTH - 1));
        end.copy(ROWS - 1, WIDTH - 2, part);
        assertArrayEquals(new float[] {0, 2}, part);
        assertFails(IndexOutOfBoundsException.class, () -> end.copy(0, WIDTH - 1, part), "columns 4095 to before 4097");
        assertFails(IndexOutOfBoundsException.class, () -> end.copy(ROWS, 0, part), "row 16000 of 16000");
    }

    @Test
    void toArray_thatCannotBe_namesTheSizeAndTheWayOut() {
        assertFails(
                IllegalStateException.class,
                () -> matrix().toArray(),
                "[16000, 33 x 4096] holds 2162688000 numbers",
                "read it row by row");
    }

    @Test
    void view_ofSomeBlocks_isEqualToItsCopy() {
        FeatureMatrix matrix = new FeatureMatrix(2, 3, 2, new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, Float.NaN, 10, 11});
        FeatureMatrix view = matrix.blocks(1, 3);
        FeatureMatrix copy = FeatureMatrix.of(view.rows(), view.blocks(), view.width(), view::row);
        assertEquals(copy, view);
        assertEquals(copy.hashCode(), view.hashCode());
        assertArrayEquals(copy.toArray(), view.toArray());
        assertEquals(1, view.firstNonFiniteRow());
        assertEquals(-1, matrix.blocks(0, 1).firstNonFiniteRow());
        assertNotEquals(matrix.blocks(0, 2), view);
        assertEquals(new FeatureMatrix(2, 1, 2, new float[] {4, 5, 10, 11}), view.lastBlock(), "a view of a view");
    }

    @Test
    void of_rows_areCopied() {
        float[] row = {1};
        FeatureMatrix matrix = FeatureMatrix.of(2, 1, 1, i -> {
            row[0] = i;
            return row;
        });
        row[0] = 9;
        assertArrayEquals(new float[] {0, 1}, matrix.toArray());
    }
}
