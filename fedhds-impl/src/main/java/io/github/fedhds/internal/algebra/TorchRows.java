package io.github.fedhds.internal.algebra;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Rows in torch's memory. A few rows are stored centred, in double, 8 bytes a value. Of many rows 4 bytes a value are
 * stored: products in double centre some rows at a time; products in float use rows that were centred in double before
 * they were rounded.
 */
final class TorchRows implements LoadedRows {
    /** Values of a part that a pass works on: small enough for the cache. */
    private static final int PART = 1 << 19;
    /** Values converted to double at a time for products of rows with each other. */
    private static final int LARGE_PART = 1 << 22;
    /** Up to this number of values, 64 MB, centred rows are stored in double: each pass over them is faster. */
    private static final int STORED_IN_DOUBLE = 1 << 23;
    /** Minimum height of a strip of the Gram matrix, of which only the lower half is computed. */
    private static final int STRIP = 64;

    private static final int STRIPS = 12;

    private static final int FLOAT = 6; // torch's numbers of types
    private static final int DOUBLE = 7;

    private final TorchAlgebra torch;
    private final NDManager owner;
    private final int n;
    private final int d;
    private final PtNDArray x;
    private final PtNDArray scale; // empty if x is centred
    private final PtNDArray mean;
    private final int type;

    TorchRows(TorchAlgebra torch, CentredSource source, boolean single) {
        this.torch = torch;
        this.n = source.rows();
        this.d = source.columns();
        this.type = single ? FLOAT : DOUBLE;
        this.owner = torch.newManager();
        boolean centred = single || (long) n * d <= STORED_IN_DOUBLE;
        boolean loaded = false;
        try (TorchAlgebra.Call call = torch.new Call()) {
            this.x = TorchAlgebra.empty(owner, new Shape(n, d), stored(single || !centred), false);
            this.mean = array(source.mean(), new Shape(d));
            PtNDArray none = array(new double[0], new Shape(0, 1));
            PtNDArray scales = array(source.scale(), new Shape(n, 1));
            this.scale = centred ? none : scales;
            fill(call, source, centred ? scales : none);
            loaded = true;
        } finally {
            if (!loaded) {
                owner.close();
            }
        }
    }

    private static DataType stored(boolean single) {
        return single ? DataType.FLOAT32 : DataType.FLOAT64;
    }

    private boolean isCentred() {
        return scale.isEmpty();
    }

    private PtNDArray array(double[] values, Shape shape) {
        return (PtNDArray) owner.create(DoubleBuffer.wrap(values), shape, DataType.FLOAT64);
    }

    /** Copies some rows at a time; centres them if there are scales. */
    private void fill(TorchAlgebra.Call call, CentredSource source, PtNDArray scales) {
        int height = Math.max(1, Math.min(n, PART / d));
        float[] row = new float[d];
        try (NDManager staging = torch.newManager()) {
            PtNDArray part = TorchAlgebra.empty(staging, new Shape(height, d), DataType.FLOAT32, true);
            FloatBuffer buffer = part.toByteBuffer(true).asFloatBuffer();
            for (int from = 0; from < n; from += height) {
                int count = Math.min(height, n - from);
                buffer.clear();
                for (int i = from; i < from + count; i++) {
                    source.reader().read(i, 0, row);
                    buffer.put(row);
                }
                PtNDArray rows = count == height ? part : (PtNDArray) part.get("0:" + count);
                call.run("store", x, rows, scales, mean, from).close();
            }
        }
    }

    private int parts(int size) {
        return (int) Math.min(n, 1 + (long) n * d / size);
    }

    private double[] pass(String method, double[] vectors, int count) {
        try (TorchAlgebra.Call call = torch.new Call()) {
            return call.run(method, x, scale, mean, call.vectors(vectors, count), parts(PART), type)
                    .toDoubleArray();
        }
    }

    @Override
    public double[] times(double[] vectors, int count) {
        return pass("times", vectors, count);
    }

    @Override
    public double[] transposedTimes(double[] vectors, int count) {
        return pass("transposed_times", vectors, count);
    }

    @Override
    public double[] columnGramTimes(double[] vectors, int count) {
        return pass("column_gram_times", vectors, count);
    }

    @Override
    public double[] columnGram() {
        try (TorchAlgebra.Call call = torch.new Call()) {
            return call.run("column_gram", x, scale, mean, parts(LARGE_PART), type)
                    .toDoubleArray();
        }
    }

    @Override
    public double[] rowGram() {
        double[] gram = new double[n * n];
        int strips = Math.max(1, Math.min(STRIPS, n / STRIP));
        for (int s = 0; s < strips; s++) {
            int from = (int) ((long) n * s / strips);
            int to = (int) ((long) n * (s + 1) / strips);
            double[] strip = products(from, to, to);
            for (int i = from; i < to; i++) {
                System.arraycopy(strip, (i - from) * to, gram, i * n, i + 1);
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = i + 1; j < n; j++) {
                gram[i * n + j] = gram[j * n + i];
            }
        }
        return gram;
    }

    @Override
    public double[] products(int from, int to) {
        return products(from, to, n);
    }

    private double[] products(int from, int to, int before) {
        int parts = isCentred() ? 1 : (int) Math.min(d, 1 + (long) before * d / LARGE_PART);
        double[] products = new double[(to - from) * before];
        try (TorchAlgebra.Call call = torch.new Call()) {
            PtNDArray found = call.run("products", x, scale, mean, from, to, before, parts, type);
            if (type == DOUBLE) {
                return found.toDoubleArray();
            }
            float[] values = found.toFloatArray();
            for (int i = 0; i < values.length; i++) {
                products[i] = values[i];
            }
            return products;
        }
    }

    @Override
    public void close() {
        owner.close();
    }
}
