package io.github.fedhds.internal;

/** Names of an adapter's tensors: that of the adapted module, and an ending for each factor of the change B A. */
public final class LoraNames {
    /** Ending of the factor of shape {@code [rank, in]}. */
    public static final String A = ".lora_A";

    /** Ending of the factor of shape {@code [out, rank]}. */
    public static final String B = ".lora_B";

    private LoraNames() {}

    /** The module of a tensor whose name has one of the endings. */
    public static String module(String tensor) {
        return tensor.substring(0, tensor.length() - A.length());
    }
}
