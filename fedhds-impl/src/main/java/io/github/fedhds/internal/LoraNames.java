package io.github.fedhds.internal;

/** Names of an adapter's tensors: the name of the adapted module, and one suffix per factor of the change B A. */
public final class LoraNames {
    /** Suffix of the factor of shape {@code [rank, in]}. */
    public static final String A = ".lora_A";

    /** Suffix of the factor of shape {@code [out, rank]}. */
    public static final String B = ".lora_B";

    private LoraNames() {}

    /** The module of a tensor whose name has one of the suffixes. */
    public static String module(String tensor) {
        return tensor.substring(0, tensor.length() - A.length());
    }
}
