package io.github.fedhds.lora;

/**
 * Stochastic gradient descent as {@code torch.optim.SGD} computes it, for gradient g, parameter p, buffer b:
 *
 * <pre>
 * g = g + weightDecay p                      the decay is part of the gradient
 * b = momentum b + (1 - dampening) g         the first b is g
 * p = p - learningRate b                     nesterov: b is replaced by g + momentum b
 * </pre>
 *
 * <p>Without momentum there is no buffer and no state between steps; with momentum, 4 bytes per parameter.
 *
 * @see <a href="https://proceedings.mlr.press/v28/sutskever13.html">Sutskever et al. 2013, sections 2 and 3</a>
 */
public final class Sgd implements Optimizer {
    private final int parameters;
    private final double momentum;
    private final double dampening;
    private final double weightDecay;
    private final boolean nesterov;
    private final float[] buffer;
    private boolean first = true;

    /** No momentum, no weight decay: torch's defaults. */
    public Sgd(int parameters) {
        this(parameters, 0, 0, 0, false);
    }

    /**
     * @param parameters number of parameters, 0 or more
     * @param momentum share of the buffer that is kept, finite and 0 or more; 0 for no buffer
     * @param dampening share of a gradient that is not added to the buffer, finite; has no effect without momentum
     * @param weightDecay finite and 0 or more
     * @param nesterov whether to use Nesterov momentum; needs a momentum above 0 and a dampening of 0
     */
    public Sgd(int parameters, double momentum, double dampening, double weightDecay, boolean nesterov) {
        if (parameters < 0) {
            throw new IllegalArgumentException("parameters must be 0 or more, was " + parameters);
        }
        if (!(momentum >= 0) || !(weightDecay >= 0) || Double.isInfinite(momentum + weightDecay)) {
            throw new IllegalArgumentException(
                    "momentum and weight decay must be finite and 0 or more, was " + momentum + " and " + weightDecay);
        }
        if (!Double.isFinite(dampening)) {
            throw new IllegalArgumentException("dampening must be finite, was " + dampening);
        }
        if (nesterov && (momentum == 0 || dampening != 0)) {
            throw new IllegalArgumentException(
                    "nesterov needs a momentum above 0 and a dampening of 0, was " + momentum + " and " + dampening);
        }
        this.parameters = parameters;
        this.momentum = momentum;
        this.dampening = dampening;
        this.weightDecay = weightDecay;
        this.nesterov = nesterov;
        buffer = new float[momentum == 0 ? 0 : parameters];
    }

    @Override
    public void step(float[] values, float[] gradient, double learningRate) {
        if (values.length != parameters || gradient.length != parameters) {
            throw new IllegalArgumentException("this optimizer is for " + parameters + " parameters, was given "
                    + values.length + " and " + gradient.length + " gradients");
        }
        float rate = (float) learningRate;
        float decay = (float) weightDecay;
        float kept = (float) momentum;
        float added = first ? 1 : (float) (1 - dampening);
        for (int i = 0; i < parameters; i++) {
            float g = gradient[i];
            if (weightDecay != 0) {
                g += decay * values[i];
            }
            if (momentum != 0) {
                buffer[i] = kept * buffer[i] + added * g;
                g = nesterov ? g + kept * buffer[i] : buffer[i];
            }
            values[i] -= rate * g;
        }
        first = false;
    }
}
