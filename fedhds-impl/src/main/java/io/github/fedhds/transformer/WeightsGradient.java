package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.training.Tensor;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Loss of a batch under weights of one's own, and the gradient of all of them: for training a model from its start. The
 * weights are one vector, tensor by tensor in the order of {@link #tensors}. For one thread at a time.
 */
public final class WeightsGradient {
    private final Decoder decoder;
    private final Precision precision;
    private final Map<String, int[]> shapes;
    private final int size;

    WeightsGradient(Decoder decoder, Precision precision) {
        this.decoder = decoder;
        this.precision = precision;
        this.shapes = DecoderWeights.shapes(decoder.config());
        this.size = shapes.values().stream().mapToInt(WeightsGradient::product).sum();
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

    /** The vector as named tensors, as a Hugging Face folder has them. */
    public Map<String, Tensor> tensors(float[] flat) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        int at = 0;
        for (Map.Entry<String, int[]> entry : shapes.entrySet()) {
            int length = product(entry.getValue());
            tensors.put(entry.getKey(), new Tensor(entry.getValue(), Arrays.copyOfRange(flat, at, at + length)));
            at += length;
        }
        return tensors;
    }

    /**
     * Mean cross-entropy over the batch's labelled tokens.
     *
     * @param gradient is set to the gradient, unless the loss is NaN or infinite: then it is left as it was
     */
    public float compute(List<EncodedSample> samples, float[] flat, float[] gradient) {
        TokenBatch.checkTraining(samples, size, flat, gradient);
        TokenBatch batch =
                new TokenBatch(samples.stream().map(EncodedSample::ids).toList(), decoder.config());
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(true);
        try (NDManager scope = decoder.scope()) {
            NDList own = new NDList();
            int at = 0;
            for (int[] shape : shapes.values()) {
                int length = product(shape);
                NDArray weight = scope.create(
                        FloatBuffer.wrap(flat, at, length),
                        new Shape(Arrays.stream(shape).asLongStream().toArray()),
                        DataType.FLOAT32);
                weight.setRequiresGradient(true);
                own.add(weight);
                at += length;
            }
            NDList inputs = new NDList(batch.ids(scope));
            inputs.addAll(decoder.rotary(scope, batch.width()));
            inputs.add(batch.labels(
                    scope, samples.stream().mapToInt(EncodedSample::answerStart).toArray()));
            NDArray loss = decoder.run(Purpose.LOSS, AdapterForm.none(), 0, precision, inputs, own, new NDList(), true)
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
