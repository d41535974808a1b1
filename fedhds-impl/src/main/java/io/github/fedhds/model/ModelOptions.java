package io.github.fedhds.model;

/**
 * How a model is loaded.
 *
 * @param device "auto" (the first GPU where there is one, else the CPU), "cpu", "cuda" or "cuda:N"; a GPU that is not
 *     there is an error, never a silent run on the CPU
 * @param threads threads inside one torch operation; 0 takes the system property {@code ai.djl.pytorch.num_threads} where
 *     it is set, else one a core, but no more than the processors that the JVM may use
 * @param precision type in which the weights of products and embeddings are kept: {@link Precision#FLOAT32} by default;
 *     {@link Precision#BFLOAT16} takes half the memory. Adapters, norms, attention and the states between layers are
 *     float32 in both
 */
public record ModelOptions(String device, int threads, Precision precision) {
    public ModelOptions {
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be 0 or more, was " + threads);
        }
    }

    /** Device "auto", one thread a core. */
    public static ModelOptions defaults() {
        return new ModelOptions("auto", 0, Precision.FLOAT32);
    }

    /** The same on another device. */
    public ModelOptions onDevice(String newDevice) {
        return new ModelOptions(newDevice, threads, precision);
    }

    /** The same with another number of threads. */
    public ModelOptions withThreads(int newThreads) {
        return new ModelOptions(device, newThreads, precision);
    }

    /** The same with weights of another type. */
    public ModelOptions withPrecision(Precision newPrecision) {
        return new ModelOptions(device, threads, newPrecision);
    }
}
