package io.github.fedhds.lora;

/**
 * Adam as {@code torch.optim.Adam} computes it: epsilon is added after the bias correction. With a weight decay above 0
 * it is AdamW, as {@link #adamW} makes it: parameters shrink by {@code learningRate * weightDecay} first.
 *
 * @see <a href="https://arxiv.org/abs/1412.6980">Kingma, Ba: Adam, algorithm 1</a>
 * @see <a href="https://arxiv.org/abs/1711.05101">Loshchilov, Hutter: Decoupled weight decay, algorithm 2</a>
 */
public final class Adam implements Optimizer {
    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final double weightDecay;
    private final float[] mean;
    private final float[] square;
    private int steps;

    /** Betas 0.9 and 0.999, epsilon 1e-8, no weight decay: torch's defaults. */
    public Adam(int parameters) {
        this(parameters, 0.9, 0.999, 1e-8, 0);
    }

    /** AdamW with torch's defaults: those of Adam and a weight decay of 0.01. */
    public static Adam adamW(int parameters) {
        return adamW(parameters, 0.01);
    }

    /**
     * AdamW with torch's betas and epsilon.
     *
     * @param weightDecay finite and 0 or more
     */
    public static Adam adamW(int parameters, double weightDecay) {
        return new Adam(parameters, 0.9, 0.999, 1e-8, weightDecay);
    }

    /**
     * @param parameters number of parameters, 0 or more
     * @param beta1 decay of the mean of gradients, 0 to below 1
     * @param beta2 decay of the mean of their squares, 0 to below 1
     * @param epsilon keeps the divisor from 0; 0 or more
     * @param weightDecay 0 or more
     */
    public Adam(int parameters, double beta1, double beta2, double epsilon, double weightDecay) {
        if (parameters < 0) {
            throw new IllegalArgumentException("parameters must be 0 or more, was " + parameters);
        }
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("betas must be 0 or more and below 1, was " + beta1 + " and " + beta2);
        }
        if (!(epsilon >= 0) || !(weightDecay >= 0) || Double.isInfinite(epsilon + weightDecay)) {
            throw new IllegalArgumentException(
                    "epsilon and weight decay must be finite and 0 or more, was " + epsilon + " and " + weightDecay);
        }
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        mean = new float[parameters];
        square = new float[parameters];
    }

    @Override
    public void step(float[] parameters, float[] gradient, double learningRate) {
        if (parameters.length != mean.length || gradient.length != mean.length) {
            throw new IllegalArgumentException("this optimizer is for " + mean.length + " parameters, was given "
                    + parameters.length + " and " + gradient.length + " gradients");
        }
        steps++;
        float b1 = (float) beta1;
        float c1 = (float) (1 - beta1);
        float b2 = (float) beta2;
        float c2 = (float) (1 - beta2);
        float size = (float) (learningRate / (1 - Math.pow(beta1, steps)));
        float root = (float) Math.sqrt(1 - Math.pow(beta2, steps));
        float small = (float) epsilon;
        float kept = (float) (1 - learningRate * weightDecay);
        for (int i = 0; i < parameters.length; i++) {
            float g = gradient[i];
            float m = b1 * mean[i] + c1 * g;
            float s = b2 * square[i] + c2 * g * g;
            mean[i] = m;
            square[i] = s;
            parameters[i] = kept * parameters[i] - size * m / ((float) Math.sqrt(s) / root + small);
        }
    }
}
