package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.tokenizer.EncodedSample;
import java.nio.FloatBuffer;
import java.util.List;

/** Loss of a batch and its gradient in one flat vector of parameters: an adapter's, or all weights. */
abstract sealed class LossGradient permits LoraGradient, WeightsGradient {
    final Decoder decoder;
    final Decoder.Variant variant;
    private final int size;

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
         * @param common ids and positions
         * @param answers places of the labelled tokens, and their targets
         */
        float run(NDManager scope, NDList common, NDList answers);
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
                new TokenBatch(samples.stream().map(EncodedSample::ids).toList(), decoder.config());
        boolean before = JniUtils.isGradMode();
        try (Decoder.Call call = decoder.call()) {
            NDManager scope = call.scope();
            JniUtils.setGradMode(true);
            NDList common = new NDList(batch.ids(scope));
            common.addAll(decoder.positions(scope, batch.width()));
            int[] starts = samples.stream().mapToInt(EncodedSample::answerStart).toArray();
            return pass.run(scope, common, batch.answers(scope, starts));
        } finally {
            JniUtils.setGradMode(before);
        }
    }

    /** A part of the vector, as an array that gets a gradient. */
    static NDArray parameters(NDManager scope, float[] flat, int from, Shape shape) {
        FloatBuffer part = FloatBuffer.wrap(flat, from, Math.toIntExact(shape.size()));
        NDArray parameters = scope.create(part, shape, DataType.FLOAT32);
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
                float[] values = slope.toFloatArray();
                System.arraycopy(values, 0, gradient, to, values.length);
                to += values.length;
            }
        }
    }
}
