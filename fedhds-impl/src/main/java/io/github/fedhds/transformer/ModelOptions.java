package io.github.fedhds.transformer;

/**
 * How a model is loaded.
 *
 * @param device "auto" (the first GPU where there is one, else the CPU), "cpu", "cuda" or "cuda:N"; a GPU that is not
 *     there is an error, never a silent run on the CPU
 * @param threads threads inside one torch operation; 0 takes torch's own choice at the time of loading
 */
public record ModelOptions(String device, int threads) {
    public ModelOptions {
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be 0 or more, was " + threads);
        }
    }

    /** Device "auto", torch's own number of threads. */
    public static ModelOptions defaults() {
        return new ModelOptions("auto", 0);
    }

    /** The same on another device. */
    public ModelOptions onDevice(String newDevice) {
        return new ModelOptions(newDevice, threads);
    }

    /** The same with another number of threads. */
    public ModelOptions withThreads(int newThreads) {
        return new ModelOptions(device, newThreads);
    }
}
