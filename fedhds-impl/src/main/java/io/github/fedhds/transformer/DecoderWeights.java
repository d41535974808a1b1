package io.github.fedhds.transformer;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.TensorSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/** The weights that a decoder needs, by their names in a Hugging Face folder, and whether a source has just these. */
final class DecoderWeights {
    private final Map<String, int[]> shapes;
    private final TensorSource source;

    private DecoderWeights(Map<String, int[]> shapes, TensorSource source) {
        this.shapes = shapes;
        this.source = source;
    }

    /** Names and shapes, in the order in which {@link DecoderSource} takes them. */
    static Map<String, int[]> shapes(DecoderConfig config) {
        int query = config.heads() * config.headWidth();
        int keyValue = config.keyValueHeads() * config.headWidth();
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new int[] {config.vocabulary(), config.width()});
        for (int i = 0; i < config.layers(); i++) {
            String layer = "model.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new int[] {config.width()});
            shapes.put(layer + "self_attn.q_proj.weight", new int[] {query, config.width()});
            shapes.put(layer + "self_attn.k_proj.weight", new int[] {keyValue, config.width()});
            shapes.put(layer + "self_attn.v_proj.weight", new int[] {keyValue, config.width()});
            shapes.put(layer + "self_attn.o_proj.weight", new int[] {config.width(), query});
            shapes.put(layer + "post_attention_layernorm.weight", new int[] {config.width()});
            shapes.put(layer + "mlp.gate_proj.weight", new int[] {config.feedForward(), config.width()});
            shapes.put(layer + "mlp.up_proj.weight", new int[] {config.feedForward(), config.width()});
            shapes.put(layer + "mlp.down_proj.weight", new int[] {config.width(), config.feedForward()});
        }
        shapes.put("model.norm.weight", new int[] {config.width()});
        if (!config.tiedHead()) {
            shapes.put("lm_head.weight", new int[] {config.vocabulary(), config.width()});
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
            left.remove("lm_head.weight"); // some exports write the tied head a second time
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
