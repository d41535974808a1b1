package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Loss of a batch with an adapter, and its gradient. Equal inputs give equal bits on one machine and number of threads,
 * regardless of other trainings. Safe for many threads.
 */
public final class LoraGradient {
    private final Decoder decoder;
    private final int size;
    private final Decoder.Variant variant;
    private final boolean gradientCheckpointing;

    LoraGradient(Decoder decoder, AdapterForm form, double dropout, boolean gradientCheckpointing) {
        if (form.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to train: the adapter form names no product");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be 0 or more and below 1, was " + dropout);
        }
        this.decoder = decoder;
        this.size = form.parameters(decoder.config()); // throws if the model lacks a target
        this.variant = decoder.variant(form, dropout);
        this.gradientCheckpointing = gradientCheckpointing;
    }

    /**
     * Mean cross-entropy over the answer tokens of a batch.
     *
     * @param samples at least one, each with an answer token
     * @param flat the adapter, as {@link AdapterForm#flatten} returns it
     * @param seed seed of the dropout masks
     * @param gradient receives the gradient; unchanged if the loss is NaN or infinite
     * @return the loss, in nats per token
     */
    public float compute(List<EncodedSample> samples, float[] flat, long seed, float[] gradient) {
        TokenBatch.checkTraining(samples, size, flat, gradient);
        TokenBatch batch =
                new TokenBatch(samples.stream().map(EncodedSample::ids).toList(), decoder.config());
        boolean before = JniUtils.isGradMode();
        try (Decoder.Call call = decoder.call()) {
            NDManager scope = call.scope();
            NDList common = new NDList(batch.ids(scope));
            common.addAll(decoder.positions(scope, batch.width()));
            NDList answers = batch.answers(
                    scope, samples.stream().mapToInt(EncodedSample::answerStart).toArray());
            // Without mixing, nearby seeds would give masks that are shifted copies of each other.
            long mixed = new SplittableRandom(seed).nextLong();
            return gradientCheckpointing
                    ? byLayer(scope, common, answers, mixed, flat, gradient)
                    : whole(scope, common, answers, mixed, flat, gradient);
        } finally {
            JniUtils.setGradMode(before);
        }
    }

    private float whole(NDManager scope, NDList common, NDList answers, long seed, float[] flat, float[] gradient) {
        JniUtils.setGradMode(true);
        NDArray parameters = parameters(scope, flat, 0, flat.length);
        NDList inputs = new NDList(common).addAll(answers);
        inputs.add(scope.create(seed));
        inputs.add(parameters);
        NDArray loss =
                decoder.run(Purpose.LOSS, variant, inputs, new NDList(), true).get(0);
        float value = loss.getFloat();
        if (Float.isFinite(value)) {
            backward(loss, scope.ones(new Shape()));
            copyGradient(parameters, gradient, 0);
        }
        return value;
    }

    /** The same, layer by layer: the forward pass keeps only the states between layers. */
    private float byLayer(NDManager scope, NDList common, NDList answers, long seed, float[] flat, float[] gradient) {
        int last = decoder.config().layers() - 1;
        int each = size / (last + 1);
        JniUtils.setGradMode(false);
        NDList states = decoder.run(Purpose.EMBED, variant, new NDList(common), new NDList(), true);
        for (int i = 0; i < last; i++) {
            try (NDManager layer = scope.newSubManager()) {
                NDArray part = parameters(layer, flat, i * each, each);
                states.add(decoder.runLayer(i, variant, ofLayer(layer, common, states.get(i), seed, i, part)));
            }
        }
        JniUtils.setGradMode(true);
        NDArray x = states.get(last);
        x.setRequiresGradient(true);
        NDArray parameters = parameters(scope, flat, last * each, each);
        NDList inputs = new NDList(common);
        inputs.add(x);
        inputs.addAll(answers);
        inputs.add(scope.create(seed + last * DecoderSource.SITE));
        inputs.add(parameters);
        NDArray loss = decoder.run(Purpose.END_LOSS, variant, inputs, new NDList(), true)
                .get(0);
        float value = loss.getFloat();
        if (!Float.isFinite(value)) {
            return value;
        }
        backward(loss, scope.ones(new Shape()));
        loss.close();
        copyGradient(parameters, gradient, last * each);
        NDArray slope = x.getGradient();
        for (int i = last - 1; i >= 0; i--) {
            states.get(i + 1).close();
            x = states.get(i);
            x.setRequiresGradient(true);
            try (NDManager layer = scope.newSubManager()) {
                NDArray part = parameters(layer, flat, i * each, each);
                NDArray out = decoder.runLayer(i, variant, ofLayer(layer, common, x, seed, i, part));
                backward(out, slope);
                out.close();
                copyGradient(part, gradient, i * each);
            }
            slope.close();
            slope = x.getGradient();
        }
        slope.close();
        return value;
    }

    private static NDList ofLayer(NDManager scope, NDList common, NDArray x, long seed, int layer, NDArray parameters) {
        NDList inputs = new NDList(common);
        inputs.add(x);
        inputs.add(scope.create(seed + layer * DecoderSource.SITE));
        inputs.add(parameters);
        return inputs;
    }

    private static NDArray parameters(NDManager scope, float[] flat, int from, int length) {
        NDArray parameters = scope.create(FloatBuffer.wrap(flat, from, length), new Shape(length), DataType.FLOAT32);
        parameters.setRequiresGradient(true);
        return parameters;
    }

    private static void backward(NDArray output, NDArray slope) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) slope, false, false);
    }

    private static void copyGradient(NDArray parameters, float[] gradient, int at) {
        try (NDArray slope = parameters.getGradient()) {
            float[] values = slope.toFloatArray();
            System.arraycopy(values, 0, gradient, at, values.length);
        }
    }
}
