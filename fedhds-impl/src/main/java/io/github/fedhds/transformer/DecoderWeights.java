package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.TensorSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/** The weights that a decoder needs, by their names in a Hugging Face folder, and whether a source has just these. */
final class DecoderWeights {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String LAST_NORM = "model.norm.weight";
    static final String HEAD = "lm_head.weight";

    /** Names inside a layer. */
    static final String ATTENTION_NORM = "input_layernorm.weight";

    static final String FEED_FORWARD_NORM = "post_attention_layernorm.weight";
    static final String QUERY_NORM = "self_attn.q_norm.weight";
    static final String KEY_NORM = "self_attn.k_norm.weight";

    /** What follows the name of a product's module. */
    static final String WEIGHT = ".weight";

    static final String BIAS = ".bias";

    private final Map<String, int[]> shapes;
    private final TensorSource source;

    private DecoderWeights(Map<String, int[]> shapes, TensorSource source) {
        this.shapes = shapes;
        this.source = source;
    }

    /** Names and shapes, in the order in which {@link DecoderSource} takes them. */
    static Map<String, int[]> shapes(DecoderConfig config) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put(EMBEDDING, new int[] {config.vocabulary(), config.width()});
        Map<String, int[]> layer = layer(config);
        for (int i = 0; i < config.layers(); i++) {
            String prefix = "model.layers." + i + ".";
            layer.forEach((name, shape) -> shapes.put(prefix + name, shape));
        }
        shapes.put(LAST_NORM, new int[] {config.width()});
        if (!config.tiedHead()) {
            shapes.put(HEAD, new int[] {config.vocabulary(), config.width()});
        }
        return shapes;
    }

    /** Names and shapes of one layer's weights, without the layer's own prefix. */
    static Map<String, int[]> layer(DecoderConfig config) {
        AttentionForm attention = config.attention();
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put(ATTENTION_NORM, new int[] {config.width()});
        for (String product : DecoderSource.PRODUCTS) {
            String module = AdapterForm.module(product);
            int outputs = AdapterForm.outputs(config, product);
            if (product.equals("gate")) {
                shapes.put(FEED_FORWARD_NORM, new int[] {config.width()});
            }
            shapes.put(module + WEIGHT, new int[] {outputs, AdapterForm.inputs(config, product)});
            boolean biased = switch (product) {
                case "q", "k", "v" -> attention.inputBias();
                case "o" -> attention.outputBias();
                default -> false;
            };
            if (biased) {
                shapes.put(module + BIAS, new int[] {outputs});
            }
        }
        if (attention.headNorm()) {
            shapes.put(QUERY_NORM, new int[] {config.headWidth()});
            shapes.put(KEY_NORM, new int[] {config.headWidth()});
        }
        return shapes;
    }

    /**
     * The weights of a source.
     *
     * @throws FedHdsException if a tensor is missing, left over, of another shape or not of a floating type
     */
    static DecoderWeights of(DecoderConfig config, TensorSource source, String where) {
        TreeSet<String> left = new TreeSet<>(source.names());
        if (config.layers() > left.size()) { // before a wrong number of layers makes a huge map of names
            throw new FedHdsException(where + " has " + left.size() + " tensors, too few for the " + config.layers()
                    + " layers that config.json asks for");
        }
        Map<String, int[]> shapes = shapes(config);
        shapes.forEach((name, shape) -> {
            if (!left.remove(name)) {
                throw new FedHdsException(where + " has no tensor " + name + ", which config.json asks for");
            }
            if (!source.dtype(name).readsAsFloat()) {
                throw new FedHdsException(where + ": " + name + " is of type " + source.dtype(name)
                        + "; weights are F32, F16, BF16 or F64");
            }
            if (!Arrays.equals(source.shape(name), shape)) {
                throw new FedHdsException(where + ": " + name + " has shape " + Arrays.toString(source.shape(name))
                        + ", config.json asks for " + Arrays.toString(shape));
            }
        });
        left.removeIf(name -> name.endsWith("rotary_emb.inv_freq")); // old exports carry this table; it is computed
        if (config.tiedHead()) {
            left.remove(HEAD); // some exports write the tied head a second time
        }
        if (!left.isEmpty()) {
            throw new FedHdsException(where + " has tensors that this model does not use: " + left
                    + "; is config.json of another model?");
        }
        return new DecoderWeights(shapes, source);
    }

    Map<String, int[]> shapes() {
        return shapes;
    }

    float[] read(String name) {
        return source.readFloats(name);
    }
}
