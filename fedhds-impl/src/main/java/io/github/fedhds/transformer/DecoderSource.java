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
        /** Keys and values of all layers, and the logits at the places. */
        PREFILL("places: Tensor,", "List[Tensor]"),
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

        boolean givenState() {
            return this == LAYER || this == END_LOSS;
        }
    }

    private final DecoderConfig config;
    private final AdapterForm form;
    private final double dropout;
    private final int depth;
    private final DecoderLayout layout;
    private final List<String> adapted;
    private final LayerSource layer;

    DecoderSource(DecoderConfig config, Decoder.Variant variant) {
        this.config = config;
        this.form = variant.form();
        this.dropout = variant.dropout();
        this.depth = variant.depth();
        this.layout = DecoderLayout.of(config);
        this.adapted = form.modules(config);
        this.layer = new LayerSource(config, variant);
    }

    static String className(Purpose purpose) {
        return "Decoder" + purpose.name().replace("_", "");
    }

    /** The source of the class for a purpose. */
    String of(Purpose purpose) {
        String methods = forward(purpose) + layer.methods(purpose == Purpose.DECODE);
        String body = methods.replace("SELF", "self: __torch__.CLASS").indent(2);
        return ("class CLASS(Module):\n  __parameters__ = []\n  __buffers__ = []\n" + body)
                .replace("CLASS", className(purpose));
    }

    private String forward(Purpose purpose) {
        String text = """
                def forward(SELF, ids: Tensor, POSITIONS, INPUTS TUNED weights: List[Tensor] CACHE) -> OUTPUT:
                  states = annotate(List[Tensor], [])
                START
                LAYERS
                END
                """;
        List<Integer> sizes = form.sizes(config);
        String split = "  parts = torch.split_with_sizes(flat, SIZES)\n";
        String start = purpose.givenState() ? "" : embed();
        if (purpose != Purpose.EMBED && !adapted.isEmpty()) {
            int perLayer = sizes.size() / config.layers();
            start += split.replace("SIZES", (purpose.givenState() ? sizes.subList(0, perLayer) : sizes).toString());
        }
        return text.replace("START\n", start)
                .replace("LAYERS\n", layers(purpose))
                .replace("END\n", end(purpose))
                .replace("POSITIONS", layer.positions(": Tensor"))
                .replace("INPUTS", purpose.inputs)
                .replace("TUNED", adapted.isEmpty() || purpose == Purpose.EMBED ? "" : "seed: Tensor, flat: Tensor,")
                .replace("CACHE", purpose == Purpose.DECODE ? ", cache: List[Tensor]" : "")
                .replace("OUTPUT", purpose.output);
    }

    private String embed() {
        String x = "torch.to(torch.embedding(" + weight(Slot.EMBEDDING) + ", ids), 6)";
        if (config.family() == Family.GPT2) {
            x = "torch.add(" + x + ", torch.to(torch.embedding(" + weight(Slot.POSITIONS) + ", positions), 6))";
        }
        return "  x = torch.reshape(" + x + ", [-1, " + config.hiddenSize() + "])\n";
    }

    private String layers(Purpose purpose) {
        return switch (purpose) {
            case EMBED -> "";
            case LAYER -> layer(purpose, "0", "0", false).indent(2);
            case END_LOSS ->
                layer(purpose, "0", place(config.layers() - 1), true).indent(2);
            default -> {
                if (depth == 0) {
                    yield "";
                }
                String at = "torch.add(" + layout.first() + ", torch.mul(" + layout.perLayer() + ", i))";
                yield "  for i in range(" + (depth - 1) + "):\n"
                        + layer(purpose, "i", at, false).indent(4)
                        + layer(purpose, Integer.toString(depth - 1), place(depth - 1), true)
                                .indent(2);
            }
        };
    }

    /** The index of a layer's first weight. */
    private String place(int index) {
        return Integer.toString(layout.first() + layout.perLayer() * index);
    }

    /** One layer, from x to x. The last layer continues after its attention only with the requested places. */
    private String layer(Purpose purpose, String index, String at, boolean last) {
        StringBuilder s = new StringBuilder();
        s.append("w = ").append(at).append("\n");
        s.append("p = torch.mul(")
                .append(2 * adapted.size())
                .append(", ")
                .append(index)
                .append(")\n");
        if (dropout > 0) {
            s.append("noise = self.noise(x, torch.add(seed, torch.mul(SITE, ".replace("SITE", Long.toString(SITE)))
                    .append(index)
                    .append(")))\n");
        }
        s.append(collect(purpose));
        s.append("s = self.attention(ids, x, w, weights, ")
                .append(layer.positions(""))
                .append(layer.tuned(false));
        if (purpose == Purpose.DECODE) {
            s.append(", mask, cache[torch.mul(2, I)], cache[torch.add(torch.mul(2, I), 1)]".replace("I", index));
        }
        s.append(")\na = s[0]\n");
        if (purpose == Purpose.PREFILL || purpose == Purpose.DECODE) {
            s.append("_ = torch.append(states, s[1])\n_ = torch.append(states, torch.to(s[2], 6))\n");
        }
        if (last && purpose.inputs.contains("places")) {
            s.append("a = torch.index_select(a, 0, places)\nx = torch.index_select(x, 0, places)\n");
        }
        return s.append("x = self.feed(x, a, w, weights")
                .append(layer.tuned(false))
                .append(")\n")
                .toString();
    }

    /** Collects a state, pooled. */
    private String collect(Purpose purpose) {
        return switch (purpose) {
            case TOKENS -> "_ = torch.append(states, torch.index_select(x, 0, places))\n";
            case MEANS -> "_ = torch.append(states, POOLED)\n".replace("POOLED", pooled());
            default -> "";
        };
    }

    private String pooled() {
        return "torch.bmm(pool, torch.view(x, [torch.size(ids, 0), torch.size(ids, 1), " + config.hiddenSize() + "]))";
    }

    private String end(Purpose purpose) {
        boolean whole = depth == config.layers();
        String normed = "x = " + layer.norm("x", weight(Slot.LAST_NORM), weight(Slot.LAST_NORM_BIAS)) + "\n";
        String loss = normed + "return torch.cross_entropy_loss(" + head(purpose == Purpose.DECODE)
                + ", targets, None, REDUCTION, -100, 0.)\n";
        String end = switch (purpose) {
            case EMBED, LAYER -> "return x\n";
            // Without layers, the places have not been selected yet.
            case TOKENS ->
                (whole ? normed : "") + "_ = torch.append(states, "
                        + (depth == 0 ? "torch.index_select(x, 0, places)" : "x") + ")\nreturn torch.cat(states, 1)\n";
            case MEANS ->
                (whole ? normed : "") + "_ = torch.append(states, " + pooled() + ")\nreturn torch.cat(states, 2)\n";
            case LOGITS -> normed + "return " + head(purpose == Purpose.DECODE) + "\n";
            case LOSS, END_LOSS -> loss.replace("REDUCTION", "1");
            case TOKEN_LOSSES -> loss.replace("REDUCTION", "0");
            case PREFILL, DECODE ->
                normed + "_ = torch.append(states, " + head(purpose == Purpose.DECODE) + ")\nreturn states\n";
        };
        return end.indent(2);
    }

    private String head(boolean few) {
        String head = layer.times(layer.rounded("x"), layer.rounded(weight(Slot.HEAD)), few);
        return layer.rounds() ? "torch.to(" + head + ", 6)" : head;
    }

    private String weight(Slot slot) {
        return "weights[" + layout.place(slot) + "]";
    }
}
