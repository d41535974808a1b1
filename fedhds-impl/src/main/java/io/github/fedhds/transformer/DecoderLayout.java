package io.github.fedhds.transformer;

import io.github.fedhds.model.AttentionForm;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The weights of a decoder, their order, and their names in a Hugging Face file. Query, key and value weights are
 * stored as one stacked weight: one product instead of three, and one rotary embedding for queries and keys.
 */
final class DecoderLayout {
    /** Role of a weight. A bias follows its weight. */
    enum Slot {
        EMBEDDING,
        POSITIONS,
        ATTENTION_NORM,
        ATTENTION_NORM_BIAS,
        INPUT,
        INPUT_BIAS,
        QUERY_NORM,
        KEY_NORM,
        OUTPUT,
        OUTPUT_BIAS,
        FEED_FORWARD_NORM,
        FEED_FORWARD_NORM_BIAS,
        GATE,
        UP,
        UP_BIAS,
        NARROW,
        NARROW_BIAS,
        LAST_NORM,
        LAST_NORM_BIAS,
        HEAD
    }

    /**
     * A linear module of a layer: its name inside the layer, such as {@code self_attn.q_proj}, and its number of
     * outputs.
     */
    record Module(String name, int outputs) {}

    /** A product of a layer: the modules stacked into its weight, {@code [outputs, inputs]}. */
    record Projection(Slot slot, int inputs, boolean bias, List<Module> modules) {
        int outputs() {
            return modules.stream().mapToInt(Module::outputs).sum();
        }
    }

    /**
     * A weight in memory.
     *
     * @param parts the tensors of the file that it is stacked from
     * @param transposed true if the file has them as {@code [in, out]}
     */
    record Weight(Slot slot, List<Part> parts, boolean transposed) {}

    /** A tensor of the file. */
    record Part(String name, int[] shape) {}

    private final DecoderConfig config;
    private final List<Projection> projections;
    private final List<Weight> layer;

    private DecoderLayout(DecoderConfig config) {
        this.config = config;
        this.projections = isGpt2() ? gpt2() : llama();
        this.layer = layer();
    }

    static DecoderLayout of(DecoderConfig config) {
        return new DecoderLayout(config);
    }

    private boolean isGpt2() {
        return config.family() == Family.GPT2;
    }

    /** Prefix of all names; some exports of a model without its head omit it. */
    String prefix() {
        return isGpt2() ? "transformer." : "model.";
    }

    /** The name of a layer, with a dot at the end. */
    String layerName(int index) {
        return prefix() + (isGpt2() ? "h." : "layers.") + index + ".";
    }

    /** The products of a layer, in the order of their computation. */
    List<Projection> projections() {
        return projections;
    }

    Projection projection(Slot slot) {
        return projections.stream()
                .filter(projection -> projection.slot() == slot)
                .findFirst()
                .orElseThrow();
    }

    private List<Projection> llama() {
        AttentionForm attention = config.attention();
        int width = config.hiddenSize();
        int inner = config.intermediateSize();
        int queries = config.heads() * config.headSize();
        int keys = config.keyValueHeads() * config.headSize();
        return List.of(
                new Projection(
                        Slot.INPUT,
                        width,
                        attention.inputBias(),
                        List.of(
                                new Module("self_attn.q_proj", queries),
                                new Module("self_attn.k_proj", keys),
                                new Module("self_attn.v_proj", keys))),
                new Projection(
                        Slot.OUTPUT, queries, attention.outputBias(), List.of(new Module("self_attn.o_proj", width))),
                new Projection(Slot.GATE, width, false, List.of(new Module("mlp.gate_proj", inner))),
                new Projection(Slot.UP, width, false, List.of(new Module("mlp.up_proj", inner))),
                new Projection(Slot.NARROW, inner, false, List.of(new Module("mlp.down_proj", width))));
    }

    private List<Projection> gpt2() {
        int width = config.hiddenSize();
        int inner = config.intermediateSize();
        return List.of(
                new Projection(Slot.INPUT, width, true, List.of(new Module("attn.c_attn", 3 * width))),
                new Projection(Slot.OUTPUT, width, true, List.of(new Module("attn.c_proj", width))),
                new Projection(Slot.UP, width, true, List.of(new Module("mlp.c_fc", inner))),
                new Projection(Slot.NARROW, inner, true, List.of(new Module("mlp.c_proj", width))));
    }

    private List<Weight> layer() {
        List<Weight> weights = new ArrayList<>();
        norm(weights, Slot.ATTENTION_NORM, isGpt2() ? "ln_1" : "input_layernorm");
        product(weights, Slot.INPUT, Slot.INPUT_BIAS);
        if (config.attention().headNorm()) {
            weights.add(vector(Slot.QUERY_NORM, "self_attn.q_norm.weight", config.headSize()));
            weights.add(vector(Slot.KEY_NORM, "self_attn.k_norm.weight", config.headSize()));
        }
        product(weights, Slot.OUTPUT, Slot.OUTPUT_BIAS);
        norm(weights, Slot.FEED_FORWARD_NORM, isGpt2() ? "ln_2" : "post_attention_layernorm");
        if (!isGpt2()) {
            product(weights, Slot.GATE, Slot.UP_BIAS);
        }
        product(weights, Slot.UP, Slot.UP_BIAS);
        product(weights, Slot.NARROW, Slot.NARROW_BIAS);
        return List.copyOf(weights);
    }

    private void product(List<Weight> weights, Slot weight, Slot bias) {
        Projection projection = projection(weight);
        int in = projection.inputs();
        weights.add(new Weight(
                weight,
                projection.modules().stream()
                        .map(m -> new Part(
                                m.name() + ".weight",
                                isGpt2() ? new int[] {in, m.outputs()} : new int[] {m.outputs(), in}))
                        .toList(),
                isGpt2()));
        if (projection.bias()) {
            weights.add(new Weight(
                    bias,
                    projection.modules().stream()
                            .map(m -> new Part(m.name() + ".bias", new int[] {m.outputs()}))
                            .toList(),
                    false));
        }
    }

    private void norm(List<Weight> weights, Slot slot, String name) {
        weights.add(vector(slot, name + ".weight", config.hiddenSize()));
        if (isGpt2()) {
            weights.add(vector(Slot.values()[slot.ordinal() + 1], name + ".bias", config.hiddenSize()));
        }
    }

    private static Weight vector(Slot slot, String name, int length) {
        return new Weight(slot, List.of(new Part(name, new int[] {length})), false);
    }

    private static Weight matrix(Slot slot, String name, int rows, int columns) {
        return new Weight(slot, List.of(new Part(name, new int[] {rows, columns})), false);
    }

    /** Number of weights before the first layer's. */
    int first() {
        return isGpt2() ? 2 : 1;
    }

    /** Number of weights per layer. */
    int perLayer() {
        return layer.size();
    }

    /** The index of a weight within its layer; -1 if the family has none. */
    int inLayer(Slot slot) {
        return IntStream.range(0, layer.size())
                .filter(i -> layer.get(i).slot() == slot)
                .findFirst()
                .orElse(-1);
    }

    /** The index among all weights of a weight outside the layers; a tied head has the embedding's. */
    int place(Slot slot) {
        int end = first() + config.layers() * perLayer();
        return switch (slot) {
            case EMBEDDING -> 0;
            case POSITIONS -> 1;
            case LAST_NORM -> end;
            case LAST_NORM_BIAS -> end + 1;
            case HEAD -> config.tiedHead() ? 0 : end + (isGpt2() ? 2 : 1);
            default -> throw new IllegalArgumentException(slot + " is a layer's");
        };
    }

    /** All weights, in the order that {@link DecoderSource} uses. */
    List<Weight> weights() {
        List<Weight> all = new ArrayList<>();
        String embedding = isGpt2() ? "wte.weight" : "embed_tokens.weight";
        all.add(matrix(Slot.EMBEDDING, prefix() + embedding, config.vocabulary(), config.hiddenSize()));
        if (isGpt2()) {
            all.add(matrix(Slot.POSITIONS, prefix() + "wpe.weight", config.contextLength(), config.hiddenSize()));
        }
        for (int i = 0; i < config.layers(); i++) {
            String name = layerName(i);
            for (Weight weight : layer) {
                List<Part> parts = weight.parts().stream()
                        .map(part -> new Part(name + part.name(), part.shape()))
                        .toList();
                all.add(new Weight(weight.slot(), parts, weight.transposed()));
            }
        }
        String norm = prefix() + (isGpt2() ? "ln_f" : "norm");
        all.add(vector(Slot.LAST_NORM, norm + ".weight", config.hiddenSize()));
        if (isGpt2()) {
            all.add(vector(Slot.LAST_NORM_BIAS, norm + ".bias", config.hiddenSize()));
        }
        if (!config.tiedHead()) {
            all.add(matrix(Slot.HEAD, "lm_head.weight", config.vocabulary(), config.hiddenSize()));
        }
        return all;
    }
}
