package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.internal.TorchCall;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Loss of a batch and its gradient in one flat vector of parameters: an adapter's, or all weights. */
abstract sealed class LossGradient permits LoraGradient, WeightsGradient {
    final Decoder decoder;
    final Decoder.Variant variant;
    private final int size;

    /** Direct buffers for the vector, one for each call that runs; kept, because the JVM frees them late. */
    private final Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

    LossGradient(Decoder decoder, Decoder.Variant variant, int size) {
        this.decoder = decoder;
        this.variant = variant;
        this.size = size;
    }

    /** Number of parameters. */
    public final int size() {
        return size;
    }

    /** A forward and a backward pass. */
    @FunctionalInterface
    interface Pass {
        /**
         * @param parameters the vector
         * @param common ids and positions
         * @param answers places of the labelled tokens, and their targets
         */
        float run(NDManager scope, ByteBuffer parameters, NDList common, NDList answers);
    }

    /** Runs a pass over a batch; restores the calling thread's settings afterwards. */
    final float compute(List<EncodedSample> samples, float[] flat, float[] gradient, Pass pass) {
        if (samples.isEmpty()) {
            throw new IllegalArgumentException("a batch has at least one sample");
        }
        if (flat.length != size || gradient.length != size) {
            throw new IllegalArgumentException("there are " + size + " parameters to train, was given " + flat.length
                    + " and a gradient of " + gradient.length);
        }
        TokenBatch batch =
                TokenBatch.of(samples.stream().map(EncodedSample::ids).toList(), decoder.config(), decoder.precision());
        boolean before = JniUtils.isGradMode();
        ByteBuffer spare = buffers.poll();
        ByteBuffer parameters = spare == null ? Decoder.direct(flat.length) : spare;
        parameters.asFloatBuffer().put(flat);
        try (TorchCall call = decoder.call()) {
            NDManager scope = call.scope();
            JniUtils.setGradMode(true);
            NDList common = new NDList(batch.ids(scope));
            common.addAll(decoder.positions(scope, 0, batch.width()));
            List<int[]> places =
                    samples.stream().map(EncodedSample::trainedPlaces).toList();
            return pass.run(scope, parameters, common, batch.predictions(scope, places));
        } finally {
            JniUtils.setGradMode(before);
            buffers.add(parameters); // its arrays are closed
        }
    }

    /** A part of the vector, as an array that gets a gradient; a view of the buffer. */
    static NDArray parameters(NDManager scope, ByteBuffer vector, int from, Shape shape) {
        int bytes = Math.toIntExact(Float.BYTES * shape.size());
        NDArray parameters = scope.create(Decoder.view(vector, Float.BYTES * from, bytes), shape, DataType.FLOAT32);
        parameters.setRequiresGradient(true);
        return parameters;
    }

    /**
     * Returns the loss, and stores its gradient unless the loss is NaN or infinite.
     *
     * @param parameters in the order of the vector
     * @param at index in the gradient of the first parameter
     */
    static float backward(NDManager scope, NDArray loss, NDList parameters, float[] gradient, int at) {
        float value = loss.getFloat();
        if (Float.isFinite(value)) {
            backward(loss, scope.ones(new Shape()));
            copyGradients(parameters, gradient, at);
        }
        return value;
    }

    static void backward(NDArray output, NDArray outputGradient) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) outputGradient, false, false);
    }

    static void copyGradients(List<NDArray> parameters, float[] gradient, int at) {
        int to = at;
        for (NDArray array : parameters) {
            try (NDArray slope = array.getGradient()) {
                FloatBuffer values = Decoder.floats(slope);
                int length = values.remaining();
                values.get(gradient, to, length);
                to += length;
            }
        }
    }
}
