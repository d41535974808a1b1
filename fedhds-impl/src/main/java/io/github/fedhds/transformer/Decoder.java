package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The native side of a loaded model: its weights, the compiled modules and the rotary tables. Safe for many threads;
 * what a call makes belongs to the caller's manager.
 */
final class Decoder implements AutoCloseable {
    /** A list argument of a module is made of the arrays with this name. */
    private static final String WEIGHTS = "weights[]";

    private static final String CACHE = "cache[]";

    private record Key(Purpose purpose, AdapterForm form, double dropout, Precision precision) {}

    /** Cosines and sines of the positions from 0 on, {@code [positions, headWidth]}. */
    private record Rotary(float[] cos, float[] sin) {}

    private final DecoderConfig config;
    private final int threads;
    private final NDManager manager;
    private final NDList weights;
    private final Map<Key, PtSymbolBlock> modules = new ConcurrentHashMap<>();
    private Rotary rotary = new Rotary(new float[0], new float[0]);
    private volatile boolean closed;

    /**
     * Takes the weights over into native memory.
     *
     * @param manager closed with this decoder
     * @param source gives the weights by name, one at a time
     * @param threads threads inside one operation, 1 or more
     */
    Decoder(DecoderConfig config, NDManager manager, DecoderWeights source, int threads) {
        this.config = config;
        this.threads = threads;
        this.manager = manager;
        this.weights = new NDList();
        source.shapes().forEach((name, shape) -> {
            NDArray array =
                    manager.create(FloatBuffer.wrap(source.read(name)), new Shape(longs(shape)), DataType.FLOAT32);
            array.setName(WEIGHTS);
            weights.add(array);
        });
    }

    private static long[] longs(int[] shape) {
        long[] longs = new long[shape.length];
        for (int i = 0; i < shape.length; i++) {
            longs[i] = shape[i];
        }
        return longs;
    }

    /** Threads inside one operation. */
    int threads() {
        return threads;
    }

    DecoderConfig config() {
        return config;
    }

    /**
     * Native memory for one call or one step.
     *
     * @throws IllegalStateException if the model was closed
     */
    NDManager scope() {
        checkOpen();
        return manager.newSubManager();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this model was closed; load it again");
        }
    }

    /** The tables for at least so many positions; they grow as longer texts come. */
    private synchronized Rotary rotary(int positions) {
        int width = config.headWidth();
        int known = rotary.cos().length / width;
        if (known < positions) {
            int wanted = Math.min(config.positions(), Math.max(positions, 2 * known));
            float[] cos = Arrays.copyOf(rotary.cos(), wanted * width);
            float[] sin = Arrays.copyOf(rotary.sin(), wanted * width);
            int half = width / 2;
            for (int position = known; position < wanted; position++) {
                for (int i = 0; i < half; i++) {
                    // As transformers has it: wavelengths and angles in float32.
                    float frequency =
                            config.rotaryScaling().scale(1f / (float) Math.pow(config.rotaryBase(), 2.0 * i / width));
                    float angle = position * frequency;
                    int at = position * width + i;
                    cos[at] = cos[at + half] = (float) Math.cos(angle);
                    sin[at] = sin[at + half] = (float) Math.sin(angle);
                }
            }
            rotary = new Rotary(cos, sin);
        }
        return rotary;
    }

    /** The rotary tables for positions from 0: cos and sin, {@code [tokens, headWidth]}. */
    NDList rotary(NDManager scope, int tokens) {
        Shape shape = new Shape(tokens, config.headWidth());
        int size = tokens * config.headWidth();
        Rotary table = rotary(tokens);
        return new NDList(
                scope.create(FloatBuffer.wrap(table.cos(), 0, size), shape, DataType.FLOAT32),
                scope.create(FloatBuffer.wrap(table.sin(), 0, size), shape, DataType.FLOAT32));
    }

    /** The rotary tables for one position a row: cos and sin, {@code [rows, 1, 1, headWidth]}. */
    NDList rotary(NDManager scope, int[] positions) {
        int width = config.headWidth();
        float[] c = new float[positions.length * width];
        float[] s = new float[c.length];
        Rotary table = rotary(Arrays.stream(positions).max().orElse(0) + 1);
        for (int row = 0; row < positions.length; row++) {
            System.arraycopy(table.cos(), positions[row] * width, c, row * width, width);
            System.arraycopy(table.sin(), positions[row] * width, s, row * width, width);
        }
        Shape shape = new Shape(positions.length, 1, 1, width);
        return new NDList(
                scope.create(FloatBuffer.wrap(c), shape, DataType.FLOAT32),
                scope.create(FloatBuffer.wrap(s), shape, DataType.FLOAT32));
    }

    /**
     * Runs a module.
     *
     * @param precision type of the products with base weights
     * @param inputs ids, cos, sin, what the purpose needs, and for an adapted form the dropout seed and the flat adapter
     * @param own weights to use instead of the model's; empty for the model's
     * @param cache keys and values so far; empty unless decoding
     * @param training true where autograd is to follow
     */
    NDList run(
            Purpose purpose,
            AdapterForm form,
            double dropout,
            Precision precision,
            NDList inputs,
            NDList own,
            NDList cache,
            boolean training) {
        // Per thread: the profiling executor recompiles for every new shape and costs more than it gives.
        JniUtils.setGraphExecutorOptimize(false);
        // Per thread as well: another native library that was called on this thread (ND4J's) may have changed OpenMP's
        // number, and sums in another number of parts have other last bits.
        TorchRuntime.threads(threads);
        NDList all = new NDList(inputs);
        if (own.isEmpty()) {
            all.addAll(weights);
        } else {
            own.forEach(array -> array.setName(WEIGHTS));
            all.addAll(own);
        }
        cache.forEach(array -> array.setName(CACHE));
        all.addAll(cache);
        PtSymbolBlock module = modules.computeIfAbsent(new Key(purpose, form, dropout, precision), this::compile);
        return IValueUtils.forward(module, all, training);
    }

    private PtSymbolBlock compile(Key key) {
        String source = new DecoderSource(config, key.form(), key.dropout(), key.precision()).of(key.purpose());
        byte[] archive = TorchScriptArchive.of(DecoderSource.className(key.purpose()), source);
        try {
            return JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(archive), true, false);
        } catch (IOException e) {
            throw new FedHdsException("cannot compile the decoder for " + key, e);
        }
    }

    /** The weights as arrays of the caller's own, in the order of the model's files. */
    List<float[]> copyWeights() {
        checkOpen();
        return weights.stream().map(NDArray::toFloatArray).toList();
    }

    /** SHA-256 over config and weights as they lie in memory, in hexadecimal; one weight at a time. */
    String digest() {
        checkOpen();
        Hasher hasher = Hashing.sha256().newHasher().putString(config.toString(), StandardCharsets.UTF_8);
        for (NDArray weight : weights) {
            hasher.putString(weight.getDataType() + " " + weight.getShape() + "\n", StandardCharsets.UTF_8);
            hasher.putBytes(weight.toByteBuffer(true)); // on the CPU a view, no copy
        }
        return hasher.hash().toString();
    }

    @Override
    public void close() {
        closed = true;
        modules.values().forEach(PtSymbolBlock::close);
        modules.clear();
        manager.close();
    }
}
