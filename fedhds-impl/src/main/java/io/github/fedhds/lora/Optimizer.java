package io.github.fedhds.lora;

/** Changes parameters by a gradient; keeps the state that its rule needs. For one thread at a time. */
public interface Optimizer {
    /**
     * One step.
     *
     * @param parameters changed in place
     * @param gradient of the same length
     * @param learningRate of this step
     */
    void step(float[] parameters, float[] gradient, double learningRate);
}
