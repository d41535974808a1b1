package io.github.fedhds.model;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Options for loading a model.
 *
 * @param device "auto" (the first GPU if there is one, else the CPU), "cpu", "cuda" or "cuda:N"; a missing GPU is an
 *     error, there is no fallback to the CPU
 * @param threads threads inside one torch operation; 0 uses the system property {@code ai.djl.pytorch.num_threads} if
 *     it is set, else one thread per core, but no more than the processors available to the JVM
 * @param precision type of the weights of products and embeddings: {@link Precision#FLOAT32} by default;
 *     {@link Precision#BFLOAT16} needs half the memory. Adapters, norms, attention and the states between layers are
 *     float32 in both cases
 * @param packed true to keep quantized matrices packed in memory and to unpack each when it is used, so that the base
 *     takes about the memory of its file; for GGUF files and bitsandbytes NF4 folders. Results have the same bits. A
 *     training step takes about a third longer, generation token by token several times as long. The gradient is
 *     always computed with gradient checkpointing. Matrices that are not quantized keep the type of the file. False by
 *     default
 * @param tokenizer a {@code tokenizer.json} to use in place of the vocabulary in a GGUF file, for files whose
 *     {@code tokenizer.ggml.pre} is unknown or wrong; empty by default. Clients and server compare the tokenizer's
 *     digest, so all of them need the same file
 */
public record ModelOptions(String device, int threads, Precision precision, boolean packed, Optional<Path> tokenizer) {
    public ModelOptions {
        if (threads < 0) {
            throw new IllegalArgumentException("threads must be 0 or more, was " + threads);
        }
    }

    /** Device "auto", one thread per core, float32, unpacked. */
    public static ModelOptions defaults() {
        return new ModelOptions("auto", 0, Precision.FLOAT32, false, Optional.empty());
    }

    /** The same on another device. */
    public ModelOptions onDevice(String newDevice) {
        return new ModelOptions(newDevice, threads, precision, packed, tokenizer);
    }

    /** The same with another number of threads. */
    public ModelOptions withThreads(int newThreads) {
        return new ModelOptions(device, newThreads, precision, packed, tokenizer);
    }

    /** The same with another precision. */
    public ModelOptions withPrecision(Precision newPrecision) {
        return new ModelOptions(device, threads, newPrecision, packed, tokenizer);
    }

    /** The same with quantized matrices packed in memory, or not. */
    public ModelOptions withPacked(boolean newPacked) {
        return new ModelOptions(device, threads, precision, newPacked, tokenizer);
    }

    /** The same with an own {@code tokenizer.json} for a GGUF file. */
    public ModelOptions withTokenizer(Path newTokenizer) {
        return new ModelOptions(device, threads, precision, packed, Optional.of(newTokenizer));
    }
}
