package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PackedMatrix;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * The weights of a decoder in the files of a model folder: checks that a source has exactly these, and returns their
 * bytes.
 */
final class DecoderWeights {
    /** A tensor as stored in the file. */
    record Stored(ByteBuffer bytes, Dtype dtype, int[] shape) {}

    private static final String HEAD = "lm_head.weight";

    private final DecoderLayout layout;
    private final TensorSource source;
    private final UnaryOperator<String> names;

    /** @param names the name in the file of a tensor with its full name */
    private DecoderWeights(DecoderLayout layout, TensorSource source, UnaryOperator<String> names) {
        this.layout = layout;
        this.source = source;
        this.names = names;
    }

    /** Names and shapes of the tensors that a file must have. */
    static Map<String, int[]> shapes(DecoderConfig config) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (DecoderLayout.Weight weight : new DecoderLayout(config).weights()) {
            weight.parts().forEach(part -> shapes.put(part.name(), part.shape()));
        }
        return shapes;
    }

    /**
     * The weights of a source.
     *
     * @throws FedHdsException if a tensor is missing or unexpected, or has another shape or a type that is not floating
     *     point
     */
    static DecoderWeights of(DecoderConfig config, TensorSource source, Path where) {
        String asks = GgufFile.isGguf(where) ? "its metadata asks for" : "config.json asks for";
        TreeSet<String> left = new TreeSet<>(source.names());
        if (config.layers() > left.size()) { // fails before a wrong number of layers creates a huge map of names
            throw new FedHdsException(where + " has " + left.size() + " tensors, too few for the " + config.layers()
                    + " layers that " + asks);
        }
        DecoderLayout layout = new DecoderLayout(config);
        String prefix = layout.prefix();
        // Exports of a model without its head, such as GPT-2's original files, omit the prefix.
        String missing = left.stream().noneMatch(name -> name.startsWith(prefix)) ? prefix : "";
        UnaryOperator<String> names = full -> full.startsWith(missing) ? full.substring(missing.length()) : full;
        String embedding = layout.weights().get(0).parts().get(0).name();
        if (config.tiedHead() && !left.contains(names.apply(embedding)) && left.contains(HEAD)) {
            UnaryOperator<String> others = names; // some exports write only the head of a tied pair
            names = full -> full.equals(embedding) ? HEAD : others.apply(full);
        }
        check(shapes(config), source, left, names, where, asks);
        // Old exports contain tables that are computed here: wavelengths, and GPT-2's causal masks.
        left.removeIf(name -> name.endsWith("rotary_emb.inv_freq")
                || (config.family() == Family.GPT2
                        && (name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias"))));
        if (config.tiedHead()) {
            left.remove(HEAD); // some exports write the tied head a second time
        }
        if (!left.isEmpty()) {
            throw new FedHdsException(where + " has tensors that this model does not use: " + left
                    + (GgufFile.isGguf(where) ? "" : "; is config.json of another model?"));
        }
        return new DecoderWeights(layout, source, names);
    }

    /** Checks that all tensors are there, and removes their names from those left. */
    private static void check(
            Map<String, int[]> shapes,
            TensorSource source,
            TreeSet<String> left,
            UnaryOperator<String> names,
            Path where,
            String asks) {
        shapes.forEach((full, shape) -> {
            String name = names.apply(full);
            if (!left.remove(name)) {
                throw new FedHdsException(where + " has no tensor " + full + ", which " + asks);
            }
            if (!source.dtype(name).readsAsFloat()) {
                throw new FedHdsException(where + ": " + name + " is of type " + source.dtype(name)
                        + "; weights are F32, F16, BF16 or F64");
            }
            if (!Arrays.equals(source.shape(name), shape)) {
                throw new FedHdsException(where + ": " + name + " has shape " + Arrays.toString(source.shape(name))
                        + ", " + asks + " " + Arrays.toString(shape));
            }
        });
    }

    DecoderLayout layout() {
        return layout;
    }

    /** The matrices that a weight consists of, if all of them can stay packed in the same form. */
    Optional<List<PackedMatrix>> packed(DecoderLayout.Weight weight) {
        List<PackedMatrix> parts = new ArrayList<>();
        for (DecoderLayout.Part part : weight.parts()) {
            Optional<PackedMatrix> matrix = source.packed(names.apply(part.name()));
            if (matrix.isEmpty()
                    || (!parts.isEmpty()
                            && parts.get(0).blockBytes() != matrix.get().blockBytes())) {
                return Optional.empty();
            }
            parts.add(matrix.get());
        }
        return Optional.of(parts);
    }

    /** The tensors that a weight consists of; their bytes are memory-mapped and loaded on access. */
    List<Stored> read(DecoderLayout.Weight weight) {
        return weight.parts().stream()
                .map(part -> names.apply(part.name()))
                .map(name -> new Stored(source.read(name), source.dtype(name), source.shape(name)))
                .toList();
    }
}
