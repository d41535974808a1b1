package io.github.fedhds.transformer;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import java.util.List;

/**
 * TorchScript source of a decoder: one class per purpose, whose {@code forward} runs the whole model (or one layer) in
 * one call. This makes fused attention and autograd available, and no scalar has to be passed from Java into a graph.
 *
 * <p>Tokens are rows, {@code [B T, hiddenSize]}. Weights are passed as a list in the order of
 * {@link DecoderLayout#weights}. A LoRA adapter is passed as one flat vector in the order of {@link AdapterForm#shapes}
 * and split inside, so that its gradient is one vector as well. After the attention of the last layer only the
 * requested positions are computed.
 *
 * <p>In bfloat16 the products with base weights and the low-rank products have factors of 16 bits; the states between
 * layers, norms, attention and losses are float32.
 *
 * @see <a href="https://arxiv.org/abs/2302.13971">LLaMA, section 2.2</a>
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA, section 4.1</a>
 */
final class DecoderSource {
    /** Offset between the dropout counters of two layers; larger than the number of elements in a batch. */
    static final long SITE = 1L << 40;

    /** The arguments of a class after ids and positions, and its result. */
    enum Purpose {
        /** {@code [places, (depth + 1) hiddenSize]}: all states at the places, the model's last after the norm. */
        TOKENS("places: Tensor,", "Tensor"),
        /**
         * {@code [B, spans, (depth + 1) hiddenSize]}: all states pooled over the tokens by {@code pool [B, spans, T]}.
         */
        MEANS("pool: Tensor,", "Tensor"),
        /** Logits at the places: {@code [places, vocabulary]}. */
        LOGITS("places: Tensor,", "Tensor"),
        /** Mean cross-entropy of the places against their targets: a scalar. */
        LOSS("places: Tensor, targets: Tensor,", "Tensor"),
        /** Cross-entropy of each place: {@code [places]}. */
        TOKEN_LOSSES("places: Tensor, targets: Tensor,", "Tensor"),
        /**
         * Keys and values of all layers; the logits at the places; each place's greatest logit, and the first token
         * that has it.
         */
        PREFILL("places: Tensor,", "List[Tensor]"),
        /**
         * The same for rows that follow a common prefix, given the prefix's keys and values as a batch of one row.
         */
        EXTEND("places: Tensor,", "List[Tensor]"),
        /**
         * The same for one more token per row, given the previous keys and values; {@code mask} selects the visible
         * ones.
         */
        DECODE("mask: Tensor,", "List[Tensor]"),
        /** The embeddings. */
        EMBED("", "Tensor"),
        /** The state after a layer, given the previous state and only this layer's weights and part of the adapter. */
        LAYER("x: Tensor,", "Tensor"),
        /** The loss, given the state before the last layer and this layer's part of the adapter. */
        END_LOSS("x: Tensor, places: Tensor, targets: Tensor,", "Tensor");

        private final String inputs;
        private final String output;

        Purpose(String inputs, String output) {
            this.inputs = inputs;
            this.output = output;
        }

        boolean givenCache() {
            return this == EXTEND || this == DECODE;
        }

        boolean givenState() {
            return this == LAYER || this == END_LOSS;
        }
    }

    private final Purpose purpose;
    private final DecoderConfig config;
    private final AdapterForm form;
    private final double dropout;
    private final int depth;
    private final DecoderLayout layout;
    private final List<String> adapted;
    private final LayerSource layer;

    private DecoderSource(DecoderConfig config, Decoder.Variant variant, Purpose purpose) {
        this.purpose = purpose;
        this.config = config;
        this.form = variant.form();
        this.dropout = variant.dropout();
        this.depth = variant.depth();
        this.layout = new DecoderLayout(config);
        this.adapted = form.modules(config);
        this.layer = new LayerSource(config, variant, purpose);
    }

    static String className(Purpose purpose) {
        return "Decoder" + purpose.name().replace("_", "");
    }

    /** The source of the class for a purpose. */
    static String of(DecoderConfig config, Decoder.Variant variant, Purpose purpose) {
        DecoderSource source = new DecoderSource(config, variant, purpose);
        return "class " + className(purpose) + "(Module):\n  __parameters__ = []\n  __buffers__ = []\n"
                + (source.forward() + source.layer.methods()).indent(2);
    }

    private String forward() {
        String adapter = adapted.isEmpty() || purpose == Purpose.EMBED ? "" : "seed: Tensor, flat: Tensor,";
        return "def forward(self: __torch__." + className(purpose) + ", ids: Tensor, " + layer.positions(": Tensor")
                + ", " + purpose.inputs + " " + adapter + " weights: List[Tensor] "
                + (purpose.givenCache() ? ", cache: List[Tensor]" : "") + ") -> " + purpose.output + ":\n"
                + "  states = annotate(List[Tensor], [])\n"
                + (purpose.givenState() ? "" : embed())
                + (adapter.isEmpty() ? "" : "  parts = torch.split_with_sizes(flat, " + sizes() + ")\n")
                + layers()
                + end().indent(2);
    }

    /** Lengths of the adapter's tensors: all tensors, or one layer's if the state before it is given. */
    private List<Integer> sizes() {
        List<Integer> sizes = form.sizes(config);
        return purpose.givenState() ? sizes.subList(0, sizes.size() / config.layers()) : sizes;
    }

    private String embed() {
        String x = layer.embeddings(layer.outside(Slot.EMBEDDING, false));
        if (config.family() == Family.GPT2) {
            x = "torch.add(" + x + ", torch.to(torch.embedding(" + layer.outside(Slot.POSITIONS, false)
                    + ", positions), 6))";
        }
        return "  x = torch.reshape(" + x + ", [-1, " + config.hiddenSize() + "])\n";
    }

    private String layers() {
        return switch (purpose) {
            case EMBED -> "";
            case LAYER -> layer("0", "0", false).indent(2);
            case END_LOSS -> layer("0", place(config.layers() - 1), true).indent(2);
            default -> {
                String at = "torch.add(" + layout.first() + ", torch.mul(" + layout.perLayer() + ", i))";
                yield depth == 0
                        ? ""
                        : "  for i in range(" + (depth - 1) + "):\n"
                                + layer("i", at, false).indent(4)
                                + layer(Integer.toString(depth - 1), place(depth - 1), true)
                                        .indent(2);
            }
        };
    }

    /** The index of a layer's first weight. */
    private String place(int index) {
        return Integer.toString(layout.first() + layout.perLayer() * index);
    }

    /** One layer, from x to x. The last layer continues after its attention only with the requested places. */
    private String layer(String index, String at, boolean last) {
        String text = "w = " + at + "\np = torch.mul(" + 2 * adapted.size() + ", " + index + ")\n";
        if (dropout > 0) {
            text += "noise = self.noise(x, torch.add(seed, torch.mul(" + SITE + ", " + index + ")))\n";
        }
        text += switch (purpose) { // the state before the layer is kept, pooled
            case TOKENS -> "_ = torch.append(states, torch.index_select(x, 0, places))\n";
            case MEANS -> "_ = torch.append(states, " + pooled() + ")\n";
            default -> "";
        };
        text += "s = self.attention(ids, x, w, weights, " + layer.positions("") + layer.adapterArguments();
        text += purpose == Purpose.DECODE ? ", mask" : "";
        if (purpose.givenCache()) {
            text += ", cache[torch.mul(2, " + index + ")], cache[torch.add(torch.mul(2, " + index + "), 1)]";
        }
        text += ")\na = s[0]\n";
        if (purpose == Purpose.PREFILL || purpose.givenCache()) {
            text += "_ = torch.append(states, s[1])\n_ = torch.append(states, torch.to(s[2], 6))\n";
        }
        if (last && purpose.inputs.contains("places")) {
            text += "a = torch.index_select(a, 0, places)\nx = torch.index_select(x, 0, places)\n";
        }
        return text + "x = self.feed(x, a, w, weights" + layer.adapterArguments() + ")\n";
    }

    private String pooled() {
        return "torch.bmm(pool, torch.view(x, [torch.size(ids, 0), torch.size(ids, 1), " + config.hiddenSize() + "]))";
    }

    private String end() {
        String always = "x = " + layer.finalNorm() + "\n";
        String normed = depth == config.layers() ? always : "";
        return switch (purpose) {
            case EMBED, LAYER -> "return x\n";
            // Without layers, the places have not been selected yet.
            case TOKENS ->
                normed + "_ = torch.append(states, " + (depth == 0 ? "torch.index_select(x, 0, places)" : "x")
                        + ")\nreturn torch.cat(states, 1)\n";
            case MEANS -> normed + "_ = torch.append(states, " + pooled() + ")\nreturn torch.cat(states, 2)\n";
            case LOGITS -> always + "return " + head() + "\n";
            case LOSS, END_LOSS -> always + loss();
            case TOKEN_LOSSES -> always + new LossSource(layer, layer.outside(Slot.HEAD, false)).ofEachRow();
            case PREFILL, EXTEND, DECODE ->
                always + "y = " + head() + "\n_ = torch.append(states, y)\n"
                        + "greatest, likeliest = torch.max(y, 1)\n_ = torch.append(states, greatest)\n"
                        + "_ = torch.append(states, likeliest)\nreturn states\n";
        };
    }

    /** Without an adapter the model's own weights are trained, and the head's gradient is needed, too. */
    private String loss() {
        return adapted.isEmpty()
                ? "return torch.cross_entropy_loss(" + head() + ", targets, None, 1, -100, 0.)\n"
                : new LossSource(layer, layer.outside(Slot.HEAD, false)).mean();
    }

    private String head() {
        String head = layer.times(layer.rounded("x"), layer.matrix(layer.outside(Slot.HEAD, false)));
        return layer.rounds() ? "torch.to(" + head + ", 6)" : head;
    }
}
