package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Loss of a batch with separate weights, and the gradient of all weights, for full training. The weights are one
 * vector, tensor by tensor in the order of {@link #tensors}. For one thread at a time.
 */
public final class WeightsGradient {
    private final Decoder decoder;
    private final Decoder.Variant variant;
    private final DecoderLayout layout;
    private final int size;

    WeightsGradient(Decoder decoder, Precision precision) {
        this.decoder = decoder;
        this.variant = new Decoder.Variant(
                AdapterForm.none(), 0, precision, decoder.config().layers());
        this.layout = DecoderLayout.of(decoder.config());
        this.size = DecoderWeights.shapes(decoder.config()).values().stream()
                .mapToInt(WeightsGradient::product)
                .sum();
    }

    private static int product(int[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Number of weights. */
    public int size() {
        return size;
    }

    /** The weights that the model was loaded with. */
    public float[] initial() {
        float[] flat = new float[size];
        int at = 0;
        for (float[] part : decoder.copyWeights()) {
            System.arraycopy(part, 0, flat, at, part.length);
            at += part.length;
        }
        return flat;
    }

    /** Converts the vector to named tensors, as in a Hugging Face folder. */
    public Map<String, Tensor> tensors(float[] flat) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        int at = 0;
        for (DecoderLayout.Weight weight : layout.weights()) {
            for (DecoderLayout.Part part : weight.parts()) {
                int length = product(part.shape());
                float[] values = Arrays.copyOfRange(flat, at, at + length);
                tensors.put(
                        part.name(),
                        new Tensor(part.shape(), weight.transposed() ? transpose(values, part.shape()) : values));
                at += length;
            }
        }
        return tensors;
    }

    /** Values of a matrix stored as {@code [columns, rows]}, in the order of {@code [rows, columns]}. */
    private static float[] transpose(float[] kept, int[] shape) {
        float[] values = new float[kept.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = kept[i % shape[1] * shape[0] + i / shape[1]];
        }
        return values;
    }

    /** The shape of a weight in memory. */
    private static Shape kept(DecoderLayout.Weight weight) {
        long[] shape =
                Arrays.stream(weight.parts().get(0).shape()).asLongStream().toArray();
        if (weight.transposed()) {
            return new Shape(shape[1], shape[0]);
        }
        shape[0] = weight.parts().stream().mapToLong(part -> part.shape()[0]).sum();
        return new Shape(shape);
    }

    /**
     * Mean cross-entropy over the batch's labelled tokens.
     *
     * @param gradient receives the gradient; unchanged if the loss is NaN or infinite
     */
    public float compute(List<EncodedSample> samples, float[] flat, float[] gradient) {
        TokenBatch.checkTraining(samples, size, flat, gradient);
        TokenBatch batch =
                new TokenBatch(samples.stream().map(EncodedSample::ids).toList(), decoder.config());
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(true);
        try (Decoder.Call call = decoder.call()) {
            NDManager scope = call.scope();
            NDList own = new NDList();
            int at = 0;
            for (DecoderLayout.Weight part : layout.weights()) {
                Shape shape = kept(part);
                int length = Math.toIntExact(shape.size());
                NDArray weight = scope.create(FloatBuffer.wrap(flat, at, length), shape, DataType.FLOAT32);
                weight.setRequiresGradient(true);
                Decoder.asWeight(weight);
                own.add(weight);
                at += length;
            }
            NDList inputs = new NDList(batch.ids(scope));
            inputs.addAll(decoder.positions(scope, batch.width()));
            inputs.addAll(batch.answers(
                    scope, samples.stream().mapToInt(EncodedSample::answerStart).toArray()));
            NDArray loss = decoder.run(Purpose.LOSS, variant, inputs, own, new NDList(), true)
                    .get(0);
            float value = loss.getFloat();
            if (Float.isFinite(value)) {
                JniUtils.backward((PtNDArray) loss, (PtNDArray) scope.ones(new Shape()), false, false);
                at = 0;
                for (NDArray weight : own) {
                    try (NDArray slope = weight.getGradient()) {
                        float[] values = slope.toFloatArray();
                        System.arraycopy(values, 0, gradient, at, values.length);
                        at += values.length;
                    }
                }
            }
            return value;
        } finally {
            JniUtils.setGradMode(before);
        }
    }
}
