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
    /** Role of a weight in memory. */
    enum Slot {
        EMBEDDING,
        POSITIONS,
        ATTENTION_NORM,
        QKV,
        QUERY_NORM,
        KEY_NORM,
        ATTENTION_OUTPUT,
        MLP_NORM,
        GATE,
        UP,
        DOWN,
        FINAL_NORM,
        HEAD
    }

    /**
     * A linear module of a layer: its name inside the layer, such as {@code self_attn.q_proj}, and its number of
     * outputs.
     */
    record Module(String name, int outputs) {}

    /** A product of a layer: the modules stacked into its weight, {@code [outputs, inputs]}. */
    record Projection(Slot slot, int inputs, boolean bias, List<Module> modules) {}

    /**
     * A weight in memory.
     *
     * @param bias true for the bias of a product or norm
     * @param parts the tensors of the file that it is stacked from
     * @param transposed true if the file has them as {@code [in, out]}
     */
    record Weight(Slot slot, boolean bias, List<Part> parts, boolean transposed) {}

    /** A tensor of the file. */
    record Part(String name, int[] shape) {}

    private final DecoderConfig config;
    private final List<Projection> projections;
    private final List<Weight> layer = new ArrayList<>();

    DecoderLayout(DecoderConfig config) {
        this.config = config;
        this.projections = isGpt2() ? gpt2() : llama();
        addLayer();
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
                        Slot.QKV,
                        width,
                        attention.inputBias(),
                        List.of(
                                new Module("self_attn.q_proj", queries),
                                new Module("self_attn.k_proj", keys),
                                new Module("self_attn.v_proj", keys))),
                new Projection(
                        Slot.ATTENTION_OUTPUT,
                        queries,
                        attention.outputBias(),
                        List.of(new Module("self_attn.o_proj", width))),
                new Projection(Slot.GATE, width, false, List.of(new Module("mlp.gate_proj", inner))),
                new Projection(Slot.UP, width, false, List.of(new Module("mlp.up_proj", inner))),
                new Projection(Slot.DOWN, inner, false, List.of(new Module("mlp.down_proj", width))));
    }

    private List<Projection> gpt2() {
        int width = config.hiddenSize();
        int inner = config.intermediateSize();
        return List.of(
                new Projection(Slot.QKV, width, true, List.of(new Module("attn.c_attn", 3 * width))),
                new Projection(Slot.ATTENTION_OUTPUT, width, true, List.of(new Module("attn.c_proj", width))),
                new Projection(Slot.UP, width, true, List.of(new Module("mlp.c_fc", inner))),
                new Projection(Slot.DOWN, inner, true, List.of(new Module("mlp.c_proj", width))));
    }

    private void addLayer() {
        addNorm(layer, Slot.ATTENTION_NORM, isGpt2() ? "ln_1" : "input_layernorm");
        addProduct(Slot.QKV);
        if (config.attention().headNorm()) {
            layer.add(weight(Slot.QUERY_NORM, "self_attn.q_norm.weight", config.headSize()));
            layer.add(weight(Slot.KEY_NORM, "self_attn.k_norm.weight", config.headSize()));
        }
        addProduct(Slot.ATTENTION_OUTPUT);
        addNorm(layer, Slot.MLP_NORM, isGpt2() ? "ln_2" : "post_attention_layernorm");
        projections.stream().map(Projection::slot).skip(2).forEach(this::addProduct);
    }

    private void addProduct(Slot slot) {
        Projection projection = projection(slot);
        int in = projection.inputs();
        List<Part> parts = projection.modules().stream()
                .map(m -> new Part(
                        m.name() + ".weight", isGpt2() ? new int[] {in, m.outputs()} : new int[] {m.outputs(), in}))
                .toList();
        layer.add(new Weight(slot, false, parts, isGpt2()));
        if (projection.bias()) {
            List<Part> biases = projection.modules().stream()
                    .map(m -> new Part(m.name() + ".bias", new int[] {m.outputs()}))
                    .toList();
            layer.add(new Weight(slot, true, biases, false));
        }
    }

    private void addNorm(List<Weight> to, Slot slot, String name) {
        to.add(weight(slot, name + ".weight", config.hiddenSize()));
        if (isGpt2()) {
            to.add(new Weight(slot, true, List.of(new Part(name + ".bias", new int[] {config.hiddenSize()})), false));
        }
    }

    private static Weight weight(Slot slot, String name, int... shape) {
        return new Weight(slot, false, List.of(new Part(name, shape)), false);
    }

    /** All weights, in the order that {@link DecoderSource} uses. */
    List<Weight> weights() {
        List<Weight> weights = new ArrayList<>();
        String embedding = isGpt2() ? "wte.weight" : "embed_tokens.weight";
        weights.add(weight(Slot.EMBEDDING, prefix() + embedding, config.vocabulary(), config.hiddenSize()));
        if (isGpt2()) {
            weights.add(weight(Slot.POSITIONS, prefix() + "wpe.weight", config.contextLength(), config.hiddenSize()));
        }
        for (int i = 0; i < config.layers(); i++) {
            String name = layerName(i);
            for (Weight weight : layer) {
                List<Part> parts = weight.parts().stream()
                        .map(part -> new Part(name + part.name(), part.shape()))
                        .toList();
                weights.add(new Weight(weight.slot(), weight.bias(), parts, weight.transposed()));
            }
        }
        addNorm(weights, Slot.FINAL_NORM, prefix() + (isGpt2() ? "ln_f" : "norm"));
        if (!config.tiedHead()) {
            weights.add(weight(Slot.HEAD, "lm_head.weight", config.vocabulary(), config.hiddenSize()));
        }
        return weights;
    }

    /** Number of weights before the first layer's. */
    int first() {
        return isGpt2() ? 2 : 1;
    }

    /** Number of weights per layer. */
    int perLayer() {
        return layer.size();
    }

    /** The index of a weight, or of its bias, within its layer. */
    int inLayer(Slot slot, boolean bias) {
        return indexIn(layer, slot, bias);
    }

    /** The index among all weights of a weight outside the layers; a tied head has the embedding's. */
    int place(Slot slot, boolean bias) {
        return indexIn(weights(), slot == Slot.HEAD && config.tiedHead() ? Slot.EMBEDDING : slot, bias);
    }

    private static int indexIn(List<Weight> list, Slot slot, boolean bias) {
        return IntStream.range(0, list.size())
                .filter(i -> list.get(i).slot() == slot && list.get(i).bias() == bias)
                .findFirst()
                .orElseThrow();
    }
}
