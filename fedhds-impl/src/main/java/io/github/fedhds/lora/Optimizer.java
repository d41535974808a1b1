package io.github.fedhds.lora;

/** Updates parameters by a gradient, and keeps the optimizer's state. For one thread at a time. */
public interface Optimizer {
    /**
     * One step.
     *
     * @param parameters changed in place
     * @param gradient gradient of the same length
     * @param learningRate learning rate of this step
     */
    void step(float[] parameters, float[] gradient, double learningRate);
}
