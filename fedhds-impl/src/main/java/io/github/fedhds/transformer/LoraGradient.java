package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Loss of a batch under an adapter, and its gradient. Equal inputs give equal bits on one machine and number of threads,
 * whatever else trains at the time. Safe for many threads.
 */
public final class LoraGradient {
    private final Decoder decoder;
    private final AdapterForm form;
    private final double dropout;

    LoraGradient(Decoder decoder, AdapterForm form, double dropout) {
        if (form.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to train: the adapter form names no product");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be 0 or more and below 1, was " + dropout);
        }
        this.decoder = decoder;
        this.form = form;
        this.dropout = dropout;
    }

    /**
     * Mean cross-entropy over the answers' tokens of a batch.
     *
     * @param samples at least one, each with an answer token
     * @param flat the adapter, as {@link AdapterForm#flatten} gives it
     * @param seed of the dropout masks
     * @param gradient is set to the gradient, unless the loss is NaN or infinite: then it is left as it was
     * @return the loss, in nats a token
     */
    public float compute(List<EncodedSample> samples, float[] flat, long seed, float[] gradient) {
        TokenBatch.checkTraining(samples, form.parameters(decoder.config()), flat, gradient);
        TokenBatch batch =
                new TokenBatch(samples.stream().map(EncodedSample::ids).toList(), decoder.config());
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(true);
        try (NDManager scope = decoder.scope()) {
            NDList inputs = new NDList(batch.ids(scope));
            inputs.addAll(decoder.rotary(scope, batch.width()));
            inputs.add(batch.labels(
                    scope, samples.stream().mapToInt(EncodedSample::answerStart).toArray()));
            // Seeds that lie near each other must not give masks that are one another's shifted copies.
            inputs.add(scope.create(new SplittableRandom(seed).nextLong()));
            NDArray parameters = scope.create(FloatBuffer.wrap(flat), new Shape(flat.length), DataType.FLOAT32);
            parameters.setRequiresGradient(true);
            inputs.add(parameters);
            NDArray loss = decoder.run(
                            Purpose.LOSS, form, dropout, Precision.FLOAT32, inputs, new NDList(), new NDList(), true)
                    .get(0);
            float value = loss.getFloat();
            if (Float.isFinite(value)) {
                JniUtils.backward((PtNDArray) loss, (PtNDArray) scope.ones(new Shape()), false, false);
                try (NDArray slope = parameters.getGradient()) {
                    float[] values = slope.toFloatArray();
                    System.arraycopy(values, 0, gradient, 0, values.length);
                }
            }
            return value;
        } finally {
            JniUtils.setGradMode(before);
        }
    }
}
