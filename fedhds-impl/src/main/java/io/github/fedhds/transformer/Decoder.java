package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.internal.TorchScriptArchive;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * The native side of a loaded model: weights, compiled modules and rotary tables. Safe for many threads; the results of
 * a call belong to the caller's manager.
 */
final class Decoder implements AutoCloseable {
    /** Arrays with this name form a list argument of a module. */
    private static final String WEIGHTS = "weights[]";

    private static final String CACHE = "cache[]";

    private record Key(Purpose purpose, Variant variant) {}

    /**
     * Cosines and sines of the positions from 0, {@code [positions, headSize]}; the sines of the first halves are
     * negated.
     */
    private record Rotary(float[] cos, float[] sin) {}

    private final DecoderConfig config;
    private final int threads;
    private final NDManager manager;
    private final Precision precision;
    private final boolean packed;
    private final DecoderLayout layout;
    private final NDList weights;
    private final Map<Key, PtSymbolBlock> modules = new ConcurrentHashMap<>();
    private Rotary rotary = new Rotary(new float[0], new float[0]);
    private volatile boolean closed;

    /**
     * Copies the weights into native memory.
     *
     * @param manager closed with this decoder
     * @param precision type of the weights of products
     * @param packed whether quantized matrices stay packed
     * @param threads threads inside one operation, 1 or more
     */
    Decoder(
            DecoderConfig config,
            NDManager manager,
            DecoderWeights source,
            Precision precision,
            boolean packed,
            int threads) {
        this.config = config;
        this.threads = threads;
        this.manager = manager;
        this.precision = precision;
        this.packed = packed;
        this.layout = source.layout();
        try (WeightStore store = new WeightStore(manager, precision, packed)) {
            this.weights = store.store(source);
        }
        weights.forEach(Decoder::asWeight);
    }

    /** Marks an array as one of a module's weights. */
    static void asWeight(NDArray array) {
        array.setName(WEIGHTS);
    }

    /** Type of the weights of products. */
    Precision precision() {
        return precision;
    }

    /** True if matrices may be packed. */
    boolean packed() {
        return packed;
    }

    /** Threads inside one operation. */
    int threads() {
        return threads;
    }

    DecoderConfig config() {
        return config;
    }

    /** A direct buffer for this many floats, which torch reads without a copy. */
    static ByteBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(Float.BYTES, floats))
                .order(ByteOrder.nativeOrder());
    }

    /** A part of a direct buffer; both in bytes. */
    static ByteBuffer view(ByteBuffer direct, int from, int bytes) {
        return direct.slice(from, bytes).order(ByteOrder.nativeOrder());
    }

    /** The values of a float array; on the CPU a view of them, no copy. */
    static FloatBuffer floats(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /**
     * Begins a call, on the thread that runs it.
     *
     * @throws IllegalStateException if the model is closed
     */
    TorchCall call() {
        checkOpen();
        return new TorchCall(manager, threads);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this model was closed; load it again");
        }
    }

    /** The tables for at least this number of positions; they grow with longer texts. */
    private synchronized Rotary rotary(int positions) {
        int width = config.headSize();
        int known = rotary.cos().length / width;
        if (known < positions) {
            int wanted = Math.min(config.contextLength(), Math.max(positions, 2 * known));
            float[] cos = Arrays.copyOf(rotary.cos(), wanted * width);
            float[] sin = Arrays.copyOf(rotary.sin(), wanted * width);
            int half = width / 2;
            for (int position = known; position < wanted; position++) {
                for (int i = 0; i < half; i++) {
                    // As in transformers: wavelengths and angles in float32.
                    float frequency = config.rotaryScaling()
                            .scale(i, 1f / (float) Math.pow(config.rotaryBase(), 2.0 * i / width));
                    float angle = position * frequency;
                    int at = position * width + i;
                    cos[at] = cos[at + half] = (float) Math.cos(angle);
                    sin[at + half] = (float) Math.sin(angle);
                    sin[at] = -sin[at + half];
                }
            }
            rotary = new Rotary(cos, sin);
        }
        return rotary;
    }

    /** Position arguments of a module, which follow the ids, for rows that begin at a position. */
    NDList positions(NDManager scope, int from, int tokens) {
        int[] places = IntStream.range(from, from + tokens).toArray();
        return positions(scope, places, new Shape(tokens), new Shape(tokens, 1, config.headSize()));
    }

    /** The same for rows of one token each. */
    NDList positions(NDManager scope, int[] places) {
        Shape rows = new Shape(places.length, 1);
        return positions(scope, places, rows, new Shape(places.length, 1, 1, config.headSize()));
    }

    private NDList positions(NDManager scope, int[] places, Shape learned, Shape rotated) {
        if (config.family() == Family.GPT2) {
            long[] longs = Arrays.stream(places).asLongStream().toArray();
            return new NDList(scope.create(LongBuffer.wrap(longs), learned, DataType.INT64));
        }
        int size = config.headSize();
        float[] cos = new float[places.length * size];
        float[] sin = new float[cos.length];
        Rotary table = rotary(Arrays.stream(places).max().orElse(0) + 1);
        for (int row = 0; row < places.length; row++) {
            System.arraycopy(table.cos(), places[row] * size, cos, row * size, size);
            System.arraycopy(table.sin(), places[row] * size, sin, row * size, size);
        }
        return new NDList(
                scope.create(FloatBuffer.wrap(cos), rotated, DataType.FLOAT32),
                scope.create(FloatBuffer.wrap(sin), rotated, DataType.FLOAT32));
    }

    /**
     * Options that a module is compiled with, in addition to its purpose.
     *
     * @param form the adapted modules; {@link AdapterForm#none} for the base model
     * @param dropout probability of dropping an input of a LoRA product; 0 outside training
     * @param precision type of the products
     * @param depth number of layers that run
     * @param packed whether matrices may be packed
     */
    record Variant(AdapterForm form, double dropout, Precision precision, int depth, boolean packed) {}

    /** The whole model with its loaded weights. */
    Variant variant(AdapterForm form, double dropout) {
        return variant(form, dropout, config.layers());
    }

    /** The first layers with their loaded weights. */
    Variant variant(AdapterForm form, double dropout, int depth) {
        return new Variant(form, dropout, precision, depth, packed);
    }

    /**
     * Runs a module on the model's weights.
     *
     * @param inputs ids, positions, the inputs of the purpose, and for an adapted form the dropout seed and the flat
     *     adapter
     * @param cache previous keys and values; empty except for decoding
     * @param training true to record operations for autograd
     */
    NDList run(Purpose purpose, Variant variant, NDList inputs, NDList cache, boolean training) {
        return run(purpose, variant, inputs, weights, cache, training);
    }

    /** Runs {@link Purpose#LAYER} for the layer with this index. */
    NDArray runLayer(int layer, Variant variant, NDList inputs) {
        int from = layout.first() + layer * layout.perLayer();
        NDList own = new NDList(weights.subList(from, from + layout.perLayer()));
        return run(Purpose.LAYER, variant, inputs, own, new NDList(), true).get(0);
    }

    /** Runs a module on weights of the caller, each marked by {@link #asWeight}. */
    NDList run(Purpose purpose, Variant variant, NDList inputs, NDList own, NDList cache, boolean training) {
        NDList all = new NDList(inputs);
        all.addAll(own);
        cache.forEach(array -> array.setName(CACHE));
        all.addAll(cache);
        return IValueUtils.forward(modules.computeIfAbsent(new Key(purpose, variant), this::compile), all, training);
    }

    private PtSymbolBlock compile(Key key) {
        String source = DecoderSource.of(config, key.variant(), key.purpose());
        return TorchScriptArchive.compile(manager, DecoderSource.className(key.purpose()), source);
    }

    /** Copies of the weights, in the order of {@link DecoderLayout#weights}. */
    List<float[]> copyWeights() {
        checkOpen();
        if (precision != Precision.FLOAT32 || packed) {
            throw new IllegalStateException("the weights were loaded in " + precision + (packed ? ", packed" : "")
                    + "; load them in FLOAT32 and unpacked");
        }
        return weights.stream().map(NDArray::toFloatArray).toList();
    }

    /** SHA-256 over configuration and unpacked weights, in hexadecimal; reads one weight at a time. */
    String digest() {
        checkOpen();
        Hasher hasher = Hashing.sha256().newHasher().putString(config.toString(), StandardCharsets.UTF_8);
        if (packed) {
            try (UnpackedWeights unpacked = new UnpackedWeights(manager, precision)) {
                weights.forEach(weight -> unpacked.use(weight, values -> put(hasher, values)));
            }
        } else {
            weights.forEach(weight -> put(hasher, weight));
        }
        return hasher.hash().toString();
    }

    private static void put(Hasher hasher, NDArray weight) {
        hasher.putString(weight.getDataType() + " " + weight.getShape() + "\n", StandardCharsets.UTF_8);
        hasher.putBytes(weight.toByteBuffer(true)); // on the CPU a view, no copy
    }

    @Override
    public void close() {
        closed = true;
        modules.values().forEach(PtSymbolBlock::close);
        modules.clear();
        manager.close();
    }
}
