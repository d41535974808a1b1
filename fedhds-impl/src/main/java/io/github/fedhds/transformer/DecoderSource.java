package io.github.fedhds.transformer;

import java.util.List;
import java.util.Locale;

/**
 * TorchScript of a LLaMA-like decoder: one class a purpose, whose {@code forward} runs the whole model in one call, so
 * that fused attention and autograd are at hand and no scalar crosses from Java into a graph.
 *
 * <p>Weights come as a list in the order of {@link DecoderWeights#shapes}, and are found in it by their names there. What
 * a family has of its own is a switch of {@link AttentionForm}. A LoRA adapter comes as one flat vector, A and B of q, k,
 * v, o, gate, up, down layer by layer, and is split inside: the gradient is then one vector as well.
 *
 * @see <a href="https://arxiv.org/abs/2302.13971">LLaMA, section 2.2</a>
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA, section 4.1</a>
 */
final class DecoderSource {
    /** The products of a layer that LoRA can adapt, in the order of the flat vector. */
    static final String[] PRODUCTS = {"q", "k", "v", "o", "gate", "up", "down"};

    /** What a class gives back. */
    enum Purpose {
        /** Every state {@code [B, T, width]}, the last after the norm, and the logits {@code [B, T, vocabulary]}. */
        STATES,
        /** {@code [B, (layers + 1) * width]}: every state pooled over the tokens by {@code pool [B, T]}. */
        FEATURES,
        /** Mean cross-entropy over the labelled tokens: a scalar. */
        LOSS,
        /** Mean cross-entropy of each row: {@code [B]}. */
        ROW_LOSSES,
        /** Logits at {@code pool}, and every layer's keys and values. */
        PREFILL,
        /** The same for one further token a row, given keys and values so far. */
        DECODE
    }

    private final DecoderConfig config;
    private final AdapterForm form;
    private final double dropout;
    private final Precision precision;
    private final List<String> weights;
    private final List<String> layer;

    /**
     * @param form what is adapted; {@link AdapterForm#none} for the base model
     * @param dropout probability of dropping an input of a LoRA product; 0 outside of training
     */
    DecoderSource(DecoderConfig config, AdapterForm form, double dropout, Precision precision) {
        this.config = config;
        this.form = form;
        this.dropout = dropout;
        this.precision = precision;
        this.weights = List.copyOf(DecoderWeights.shapes(config).keySet());
        this.layer = List.copyOf(DecoderWeights.layer(config).keySet());
    }

    static String className(Purpose purpose) {
        return "Decoder" + purpose.name().replace("_", "");
    }

    /** The source of the class for a purpose. */
    String of(Purpose purpose) {
        String name = className(purpose);
        boolean cached = purpose == Purpose.DECODE;
        boolean keeps = purpose == Purpose.PREFILL || cached;
        String self = "self: __torch__." + name;
        StringBuilder s = new StringBuilder();
        s.append("class ").append(name).append("(Module):\n  __parameters__ = []\n  __buffers__ = []\n");
        s.append(forward(purpose, self, keeps, cached));
        s.append(attend(self, cached));
        s.append("""
                  def norm(SELF, x: Tensor, w: Tensor) -> Tensor:
                    v = torch.mean(torch.mul(x, x), [-1], True)
                    return torch.mul(torch.mul(x, torch.rsqrt(torch.add(v, EPSILON))), w)
                  def rotate(SELF, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
                    h = torch.chunk(x, 2, -1)
                    turned = torch.cat([torch.neg(h[1]), h[0]], -1)
                    return torch.add(torch.mul(x, cos), torch.mul(turned, sin))
                  def heads(SELF, x: Tensor, n: int) -> Tensor:
                    return torch.transpose(torch.view(x, [torch.size(x, 0), torch.size(x, 1), n, HEAD_WIDTH]), 1, 2)
                  def repeat(SELF, x: Tensor) -> Tensor:
                    return REPEAT
                """.replace("SELF", self)
                .replace("EPSILON", literal(config.normEpsilon()))
                .replace("HEAD_WIDTH", Integer.toString(config.headWidth()))
                .replace("REPEAT", repeat()));
        if (!form.isEmpty()) {
            s.append("""
                      def low(SELF, x: Tensor, a: Tensor, b: Tensor, seed: Tensor, site: int) -> Tensor:
                        return torch.linear(torch.mul(torch.linear(DROPPED, a), SCALE), b)
                    """.replace("SELF", self)
                    .replace("DROPPED", dropout > 0 ? "self.dropped(x, seed, site)" : "x")
                    .replace("SCALE", literal(form.scale())));
        }
        if (dropout > 0) {
            // A counter-based hash (the finaliser of SplitMix64) instead of torch's generator, which all threads share:
            // equal seed, equal mask, whoever else trains.
            s.append("""
                      def dropped(SELF, x: Tensor, seed: Tensor, site: int) -> Tensor:
                        h = torch.arange(torch.numel(x), dtype=4, device=x.device)
                        h = torch.mul(torch.add(h, torch.add(seed, torch.mul(site, 1099511627776))), -7046029254386353131)
                        h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 30)), -4658895280553007687)
                        h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 27)), -7723592293110705685)
                        h = torch.bitwise_and(torch.bitwise_right_shift(h, 31), 16777215)
                        kept = torch.mul(torch.to(torch.ge(h, THRESHOLD), 6), KEPT)
                        return torch.mul(x, torch.view(kept, torch.size(x)))
                    """.replace("SELF", self)
                    .replace("THRESHOLD", Long.toString(Math.round(dropout * (1 << 24))))
                    .replace("KEPT", literal(1 / (1 - dropout))));
        }
        return s.toString();
    }

    private String forward(Purpose purpose, String self, boolean keeps, boolean cached) {
        boolean tuned = !form.isEmpty();
        StringBuilder s = new StringBuilder("  def forward(" + self + ", ids: Tensor, cos: Tensor, sin: Tensor, ");
        s.append(
                switch (purpose) {
                    case STATES -> "";
                    case FEATURES, PREFILL -> "pool: Tensor, ";
                    case LOSS, ROW_LOSSES -> "labels: Tensor, ";
                    case DECODE -> "mask: Tensor, ";
                });
        if (tuned) {
            s.append("seed: Tensor, flat: Tensor, ");
        }
        s.append("weights: List[Tensor]").append(cached ? ", cache: List[Tensor]" : "");
        s.append(") -> ")
                .append(
                        switch (purpose) {
                            case STATES, PREFILL, DECODE -> "List[Tensor]";
                            case FEATURES, LOSS, ROW_LOSSES -> "Tensor";
                        })
                .append(":\n");
        s.append("    x = torch.embedding(")
                .append(weight(DecoderWeights.EMBEDDING))
                .append(", ids)\n");
        s.append("    states = annotate(List[Tensor], [])\n");
        if (purpose == Purpose.FEATURES) {
            s.append("    rows = torch.unsqueeze(pool, 1)\n");
        }
        if (tuned) {
            s.append("    parts = torch.split_with_sizes(flat, ")
                    .append(form.sizes(config))
                    .append(")\n");
        }
        s.append("    for i in range(").append(config.layers()).append("):\n");
        s.append("      w = torch.add(1, torch.mul(").append(layer.size()).append(", i))\n");
        s.append("      p = torch.mul(").append(2 * form.products().size()).append(", i)\n");
        if (purpose == Purpose.STATES) {
            s.append("      states = torch.append(states, x)\n".replace("states = ", "_ = "));
        } else if (purpose == Purpose.FEATURES) {
            s.append("      _ = torch.append(states, torch.squeeze(torch.bmm(rows, x), 1))\n");
        }
        s.append("      h = self.norm(x, ")
                .append(inLayer(DecoderWeights.ATTENTION_NORM))
                .append(")\n");
        s.append("      q = ").append(turned(heads("q", config.heads()), DecoderWeights.QUERY_NORM));
        s.append("      k = ").append(turned(heads("k", config.keyValueHeads()), DecoderWeights.KEY_NORM));
        s.append("      v = ").append(heads("v", config.keyValueHeads())).append("\n");
        if (cached) {
            s.append("      k = torch.cat([cache[torch.mul(2, i)], k], 2)\n");
            s.append("      v = torch.cat([cache[torch.add(torch.mul(2, i), 1)], v], 2)\n");
        }
        if (keeps) {
            s.append("      _ = torch.append(states, k)\n      _ = torch.append(states, v)\n");
        }
        s.append("      a = self.attend(q, self.repeat(k), self.repeat(v)")
                .append(cached ? ", mask" : "")
                .append(")\n");
        s.append("      a = torch.reshape(torch.transpose(a, 1, 2), [torch.size(x, 0), torch.size(x, 1), ")
                .append(config.heads() * config.headWidth())
                .append("])\n");
        s.append("      x = torch.add(x, ").append(product("o", "a")).append(")\n");
        s.append("      h = self.norm(x, ")
                .append(inLayer(DecoderWeights.FEED_FORWARD_NORM))
                .append(")\n");
        s.append("      g = torch.silu(").append(product("gate", "h")).append(")\n");
        s.append("      g = torch.mul(g, ").append(product("up", "h")).append(")\n");
        s.append("      x = torch.add(x, ").append(product("down", "g")).append(")\n");
        String norm = weight(DecoderWeights.LAST_NORM);
        String head = linear("x", weight(config.tiedHead() ? DecoderWeights.EMBEDDING : DecoderWeights.HEAD), "None");
        String end = switch (purpose) {
            case STATES -> """
                                x = self.norm(x, NORM)
                                _ = torch.append(states, x)
                                _ = torch.append(states, HEAD)
                                return states
                            """;
            case FEATURES -> """
                                _ = torch.append(states, torch.squeeze(torch.bmm(rows, self.norm(x, NORM)), 1))
                                return torch.cat(states, 1)
                            """;
            // Only labelled places go through the head: a prompt's logits are never made.
            case LOSS -> """
                                wanted = torch.reshape(torch.slice(labels, 1, 1), [-1])
                                x = torch.reshape(torch.slice(x, 1, 0, -1), [-1, torch.size(x, 2)])
                                places = torch.squeeze(torch.nonzero(torch.ge(wanted, 0)), 1)
                                x = self.norm(torch.index_select(x, 0, places), NORM)
                                wanted = torch.index_select(wanted, 0, places)
                                return torch.cross_entropy_loss(HEAD, wanted, None, 1, -100, 0.)
                            """;
            case ROW_LOSSES -> """
                                wanted = torch.slice(labels, 1, 1)
                                x = self.norm(torch.slice(x, 1, 0, -1), NORM)
                                y = torch.transpose(HEAD, 1, 2)
                                y = torch.cross_entropy_loss(y, wanted, None, 0, -100, 0.)
                                n = torch.sum(torch.to(torch.ge(wanted, 0), 6), [1])
                                return torch.div(torch.sum(y, [1]), n)
                            """;
            case PREFILL -> """
                                x = torch.squeeze(torch.bmm(torch.unsqueeze(pool, 1), x), 1)
                                x = self.norm(x, NORM)
                                _ = torch.append(states, HEAD)
                                return states
                            """;
            case DECODE -> """
                                x = self.norm(torch.select(x, 1, 0), NORM)
                                _ = torch.append(states, HEAD)
                                return states
                            """;
        };
        s.append(end.replace("NORM", norm).replace("HEAD", head));
        return s.toString();
    }

    private String weight(String name) {
        return "weights[" + weights.indexOf(name) + "]";
    }

    /** A weight of layer i, whose first one is at w. */
    private String inLayer(String name) {
        return "weights[torch.add(w, " + layer.indexOf(name) + ")]";
    }

    /** Queries, keys or values by head, {@code [B, heads, T, headWidth]}. */
    private String heads(String name, int heads) {
        return "self.heads(" + product(name, "h") + ", " + heads + ")";
    }

    /** Queries or keys with the rotary embedding, normed before where the family has it. */
    private String turned(String heads, String norm) {
        String normed = config.attention().headNorm() ? "self.norm(" + heads + ", " + inLayer(norm) + ")" : heads;
        return "self.rotate(" + normed + ", cos, sin)\n";
    }

    /**
     * Attention of each token to those before it and itself. Within a window it needs a mask, made only for texts that
     * are longer; when decoding, the caller's mask says it all.
     */
    private String attend(String self, boolean cached) {
        String attention = "a = torch.scaled_dot_product_attention(q, k, v, ";
        int window = config.attention().window();
        String text = "  def attend(SELF, q: Tensor, k: Tensor, v: Tensor" + (cached ? ", mask: Tensor" : "")
                + ") -> Tensor:\n";
        if (cached) {
            text += "    " + attention + "mask, 0., False)\n";
        } else if (window == 0) {
            text += "    " + attention + "None, 0., True)\n";
        } else {
            text += """
                        if torch.gt(torch.size(q, 2), WINDOW):
                          t = torch.arange(torch.size(q, 2), dtype=4, device=q.device)
                          back = torch.sub(torch.unsqueeze(t, 1), t)
                          near = torch.bitwise_and(torch.ge(back, 0), torch.lt(back, WINDOW))
                          ATTENTIONnear, 0., False)
                        else:
                          ATTENTIONNone, 0., True)
                    """.replace("ATTENTION", attention).replace("WINDOW", Integer.toString(window));
        }
        return text.replace("SELF", self) + "    return a\n";
    }

    /** A product with a base weight and its bias, if it has one, and the low-rank part where it is adapted. */
    private String product(String name, String input) {
        String module = AdapterForm.module(name);
        String bias = module + DecoderWeights.BIAS;
        String base =
                linear(input, inLayer(module + DecoderWeights.WEIGHT), layer.contains(bias) ? inLayer(bias) : "None");
        int place = form.products().indexOf(name);
        if (place < 0) {
            return base;
        }
        String a = "parts[torch.add(p, " + 2 * place + ")]";
        String b = "parts[torch.add(p, " + (2 * place + 1) + ")]";
        int in = AdapterForm.inputs(config, name);
        int out = AdapterForm.outputs(config, name);
        return "torch.add(" + base + ", self.low(" + input + ", torch.view(" + a + ", [" + form.rank() + ", " + in
                + "]), torch.view(" + b + ", [" + out + ", " + form.rank() + "]), seed, torch.add(torch.mul("
                + PRODUCTS.length + ", i), " + place + ")))";
    }

    /** A product with a base weight; in bfloat16 all factors are rounded and the result is float32 again. */
    private String linear(String input, String weight, String bias) {
        return switch (precision) {
            case FLOAT32 -> "torch.linear(" + input + ", " + weight + ", " + bias + ")";
            case BFLOAT16 ->
                "torch.to(torch.linear(" + rounded(input) + ", " + rounded(weight) + ", "
                        + (bias.equals("None") ? bias : rounded(bias)) + "), 6)";
        };
    }

    private static String rounded(String array) {
        return "torch.to(" + array + ", 15)";
    }

    private String repeat() {
        int times = config.heads() / config.keyValueHeads();
        return times == 1 ? "x" : "torch.repeat_interleave(x, " + times + ", 1)";
    }

    /** A number as TorchScript reads it, exact. */
    private static String literal(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
