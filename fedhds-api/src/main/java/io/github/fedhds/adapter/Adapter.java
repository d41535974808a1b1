package io.github.fedhds.adapter;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The trained part of a model: named tensors, ordered by name. Rank and scale are settings of the application, equal for all
 * clients of a run unless the aggregator accepts several. Immutable, safe for many threads.
 *
 * <p>Names are the model's own, such as {@code model.layers.0.self_attn.q_proj.lora_A}, shape {@code [rank, in]}, and
 * {@code ...lora_B}, shape {@code [out, rank]}.
 */
public final class Adapter {
    private static final int CHUNK = 1 << 14;
    private static final Adapter EMPTY = new Adapter(Map.of());

    private final SortedMap<String, Tensor> tensors;

    public Adapter(Map<String, Tensor> tensors) {
        this.tensors = Collections.unmodifiableSortedMap(new TreeMap<>(tensors));
    }

    /** An adapter without tensors, which stands for the base model. */
    public static Adapter empty() {
        return EMPTY;
    }

    /** The tensors, ordered by name; unmodifiable. */
    public SortedMap<String, Tensor> tensors() {
        return tensors;
    }

    /** True if there is no tensor. */
    public boolean isEmpty() {
        return tensors.isEmpty();
    }

    /** Number of values in all tensors. */
    public long parameters() {
        return tensors.values().stream().mapToLong(Tensor::size).sum();
    }

    /** The first difference in names or shapes, or empty if there is none. */
    public Optional<String> differenceInForm(Adapter other) {
        for (String name : tensors.keySet()) {
            Tensor theirs = other.tensors.get(name);
            if (theirs == null) {
                return Optional.of("tensor " + name + " is missing");
            }
            Tensor ours = tensors.get(name);
            if (ours != null && !ours.sameShape(theirs)) {
                return Optional.of("tensor " + name + " is " + theirs + ", expected " + ours);
            }
        }
        for (String name : other.tensors.keySet()) {
            if (!tensors.containsKey(name)) {
                return Optional.of("tensor " + name + " is not expected");
            }
        }
        return Optional.empty();
    }

    /** SHA-256 over names, shapes and values, in hexadecimal; the same on every machine. */
    public String digest() {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        tensors.forEach((name, tensor) -> {
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            int[] shape = tensor.shape();
            ByteBuffer head = ByteBuffer.allocate(4 * (2 + shape.length) + text.length);
            head.putInt(text.length).put(text).putInt(shape.length);
            for (int length : shape) {
                head.putInt(length);
            }
            digest.update(head.flip());
            for (int from = 0; from < tensor.size(); from += CHUNK) {
                int to = (int) Math.min(tensor.size(), (long) from + CHUNK);
                ByteBuffer body = ByteBuffer.allocate(4 * (to - from));
                for (int i = from; i < to; i++) {
                    body.putInt(Float.floatToIntBits(tensor.get(i))); // all NaN alike, as for equals
                }
                digest.update(body.flip());
            }
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Name and index of the first NaN or infinite value, or empty if all are finite. */
    public Optional<String> firstNonFinite() {
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            int i = entry.getValue().firstNonFinite();
            if (i >= 0) {
                return Optional.of("tensor " + entry.getKey() + " holds "
                        + entry.getValue().get(i) + " at " + i);
            }
        }
        return Optional.empty();
    }

    /**
     * Squared Euclidean distance to the other over all values of its tensors. A tensor of the other adapter that is
     * missing here or has another shape counts with its distance from zero.
     */
    public double squaredDistance(Adapter other) {
        double sum = 0;
        for (Map.Entry<String, Tensor> entry : other.tensors.entrySet()) {
            Tensor theirs = entry.getValue();
            Tensor ours = tensors.get(entry.getKey());
            boolean alike = ours != null && ours.sameShape(theirs);
            for (int i = 0; i < theirs.size(); i++) {
                double difference = theirs.get(i) - (alike && ours != null ? (double) ours.get(i) : 0);
                sum += difference * difference;
            }
        }
        return sum;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Adapter that && tensors.equals(that.tensors);
    }

    @Override
    public int hashCode() {
        return tensors.hashCode();
    }

    @Override
    public String toString() {
        return "Adapter[" + tensors.size() + " tensors, " + parameters() + " parameters]";
    }
}
