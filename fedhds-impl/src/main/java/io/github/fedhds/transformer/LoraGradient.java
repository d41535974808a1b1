package io.github.fedhds.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Loss of a batch with an adapter, and its gradient. Equal inputs give equal bits on one machine with one number of
 * threads, regardless of other trainings. Safe for many threads.
 */
public final class LoraGradient extends LossGradient {
    private final boolean gradientCheckpointing;

    LoraGradient(Decoder decoder, AdapterForm form, double dropout, boolean gradientCheckpointing) {
        // throws if the model lacks a target
        super(decoder, decoder.variant(form, checked(form, dropout)), form.parameters(decoder.config()));
        // Else autograd would keep the unpacked matrices of all layers.
        this.gradientCheckpointing = gradientCheckpointing || decoder.packed();
    }

    private static double checked(AdapterForm form, double dropout) {
        if (form.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to train: the adapter form names no product");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be 0 or more and below 1, was " + dropout);
        }
        return dropout;
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
        // Without mixing, nearby seeds would give masks that are shifted copies of each other.
        long mixed = new SplittableRandom(seed).nextLong();
        return compute(
                samples,
                flat,
                gradient,
                (scope, parameters, common, answers) -> gradientCheckpointing
                        ? byLayer(scope, common, answers, mixed, parameters, gradient)
                        : whole(scope, common, answers, mixed, parameters, gradient));
    }

    private float whole(
            NDManager scope, NDList common, NDList answers, long seed, ByteBuffer vector, float[] gradient) {
        NDArray parameters = parameters(scope, vector, 0, new Shape(size()));
        NDList inputs = new NDList(common).addAll(answers);
        inputs.add(scope.create(seed));
        inputs.add(parameters);
        NDArray loss =
                decoder.run(Purpose.LOSS, variant, inputs, new NDList(), true).get(0);
        return backward(scope, loss, new NDList(parameters), gradient, 0);
    }

    /** The same, layer by layer: the forward pass keeps only the states between layers. */
    private float byLayer(
            NDManager scope, NDList common, NDList answers, long seed, ByteBuffer vector, float[] gradient) {
        int last = decoder.config().layers() - 1;
        int each = size() / (last + 1);
        Shape shape = new Shape(each);
        JniUtils.setGradMode(false);
        NDList states = decoder.run(Purpose.EMBED, variant, new NDList(common), new NDList(), true);
        for (int i = 0; i < last; i++) {
            try (NDManager layer = scope.newSubManager()) {
                NDArray part = parameters(layer, vector, i * each, shape);
                NDList inputs = inputs(layer, common, states.get(i), new NDList(), seed, i, part);
                states.add(decoder.runLayer(i, variant, inputs));
            }
        }
        JniUtils.setGradMode(true);
        NDArray x = states.get(last);
        x.setRequiresGradient(true);
        NDArray parameters = parameters(scope, vector, last * each, shape);
        NDList inputs = inputs(scope, common, x, answers, seed, last, parameters);
        NDArray loss = decoder.run(Purpose.END_LOSS, variant, inputs, new NDList(), true)
                .get(0);
        float value = backward(scope, loss, new NDList(parameters), gradient, last * each);
        if (!Float.isFinite(value)) {
            return value;
        }
        loss.close();
        NDArray slope = x.getGradient();
        for (int i = last - 1; i >= 0; i--) {
            states.get(i + 1).close();
            x = states.get(i);
            x.setRequiresGradient(true);
            try (NDManager layer = scope.newSubManager()) {
                NDArray part = parameters(layer, vector, i * each, shape);
                NDArray out = decoder.runLayer(i, variant, inputs(layer, common, x, new NDList(), seed, i, part));
                backward(out, slope);
                out.close();
                copyGradients(new NDList(part), gradient, i * each);
            }
            slope.close();
            slope = x.getGradient();
        }
        slope.close();
        return value;
    }

    /** The inputs of a layer: the state before it, its dropout seed and its part of the adapter. */
    private static NDList inputs(
            NDManager scope, NDList common, NDArray x, NDList answers, long seed, int layer, NDArray part) {
        NDList inputs = new NDList(common);
        inputs.add(x);
        inputs.addAll(answers);
        inputs.add(scope.create(seed + layer * DecoderSource.SITE));
        inputs.add(part);
        return inputs;
    }
}
