package io.github.fedhds.transformer;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.DecoderLayout.Module;
import io.github.fedhds.transformer.DecoderLayout.Projection;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * TorchScript source of a decoder layer, in two methods: {@code attention}, with everything before it, and
 * {@code feed}, the rest. Differences between families are resolved when the source is generated.
 */
final class LayerSource {
    /**
     * Maximum length, in tokens, of texts with unfused attention in bfloat16: it takes a third of the time of fused
     * attention, in float32 three quarters, but needs memory for all pairs of tokens.
     */
    private static final int SHORT_ROUNDED = 512;

    private static final int SHORT = 128;

    private final DecoderConfig config;
    private final AdapterForm form;
    private final double dropout;
    private final boolean rounds;
    private final DecoderLayout layout;
    private final List<String> adapted;

    LayerSource(DecoderConfig config, Decoder.Variant variant) {
        this.config = config;
        this.form = variant.form();
        this.dropout = variant.dropout();
        this.rounds = variant.precision() == Precision.BFLOAT16;
        this.layout = DecoderLayout.of(config);
        this.adapted = form.modules(config);
    }

    /** Source of the methods; {@code cached} with previous keys and values, for one token per row. */
    String methods(boolean cached) {
        return attention(cached) + feed(cached) + norm() + (dropout > 0 ? noise() : "");
    }

    /** True if products run in bfloat16. */
    boolean rounds() {
        return rounds;
    }

    /** Arguments with the position of a token. */
    String positions(String type) {
        return config.family() == Family.GPT2 ? "positions" + type : "cos" + type + ", sin" + type;
    }

    /** Arguments of an adapted product in addition to the base weights. */
    String tuned(boolean typed) {
        String arguments = ", parts: List[Tensor], p: int" + (dropout > 0 ? ", noise: Tensor" : "");
        return adapted.isEmpty() ? "" : typed ? arguments : arguments.replaceAll(": [A-Za-z\\[\\]]+", "");
    }

    /** From the state before a layer to the result of its attention: {@code [B T, heads headSize]}, keys and values. */
    private String attention(boolean cached) {
        int queries = config.heads() * config.headSize();
        int keys = config.keyValueHeads() * config.headSize();
        String turn = config.family() == Family.GPT2
                ? ""
                : "  z = torch.addcmul_(torch.mul(z, cos), torch.roll(z, [" + config.headSize() / 2
                        + "], [-1]), sin)\n";
        return """
                def attention(SELF, ids: Tensor, x: Tensor, w: int, weights: List[Tensor], POSITIONS TUNED CACHE) -> List[Tensor]:
                  b = torch.size(ids, 0)
                  t = torch.size(ids, 1)
                  h = NORM
                PRODUCT
                  u = torch.split_with_sizes(y, [TURNED, KEYS], 1)
                  z = torch.reshape(WIDE, [b, t, TURNED_HEADS, HEAD_WIDTH])
                HEAD_NORM
                  r = torch.split_with_sizes(z, [HEADS, KEY_HEADS], 2)
                  q = torch.transpose(r[0], 1, 2)
                  k = torch.transpose(r[1], 1, 2)
                  v = torch.transpose(torch.reshape(u[1], [b, t, KEY_HEADS, HEAD_WIDTH]), 1, 2)
                ATTEND
                  return [torch.reshape(torch.transpose(a, 1, 2), [torch.mul(b, t), QUERIES]), k, v]
                """.replace("PRODUCT\n", product("y", Slot.INPUT, Slot.INPUT_BIAS, "h", cached))
                .replace("HEAD_NORM\n", headNorm() + turn)
                .replace("ATTEND\n", attend(cached).indent(2))
                .replace("WIDE", rounds ? "torch.to(u[0], 6)" : "u[0]")
                .replace("NORM", rounded(norm("x", inLayer(Slot.ATTENTION_NORM), inLayer(Slot.ATTENTION_NORM_BIAS))))
                .replace("TURNED_HEADS", Integer.toString(config.heads() + config.keyValueHeads()))
                .replace("TURNED", Integer.toString(queries + keys))
                .replace("KEYS", Integer.toString(keys))
                .replace("KEY_HEADS", Integer.toString(config.keyValueHeads()))
                .replace("HEADS", Integer.toString(config.heads()))
                .replace("HEAD_WIDTH", Integer.toString(config.headSize()))
                .replace("QUERIES", Integer.toString(queries))
                .replace("POSITIONS", positions(": Tensor"))
                .replace("TUNED", tuned(true))
                .replace("CACHE", cached ? ", mask: Tensor, keys: Tensor, values: Tensor" : "");
    }

    /** Normalizes queries and keys per head, if the family does. */
    private String headNorm() {
        if (!config.attention().headNorm()) {
            return "";
        }
        String each = "torch.expand(WEIGHT, [HEADS_, HEAD_WIDTH])";
        String weights =
                "torch.cat([" + each.replace("WEIGHT", inLayer(Slot.QUERY_NORM)).replace("HEADS_", "HEADS") + ", "
                        + each.replace("WEIGHT", inLayer(Slot.KEY_NORM)).replace("HEADS_", "KEY_HEADS") + "])";
        return "  z = " + norm("z", weights, "") + "\n";
    }

    /** Attention of each token to itself and the tokens before it; in decoding, the caller's mask decides. */
    private String attend(boolean cached) {
        String wide = rounds ? "v = torch.to(v, 6)\n" : "";
        if (cached) {
            return wide + "k = torch.cat([keys, k], 2)\nv = torch.cat([values, v], 2)\n" + fused("mask, 0., False");
        }
        int window = config.attention().window();
        String all = wide + fused("None, 0., True");
        if (window > 0) { // a mask, except for texts within the window
            String masked = """
                    n = torch.arange(t, dtype=4, device=x.device)
                    back = torch.sub(torch.unsqueeze(n, 1), n)
                    near = torch.bitwise_and(torch.ge(back, 0), torch.lt(back, WINDOW))
                    """.replace("WINDOW", Integer.toString(window));
            all = either("torch.gt(t, " + window + ")", masked + wide + fused("near, 0., False"), all);
        }
        return either("torch.le(t, " + (rounds ? SHORT_ROUNDED : SHORT) + ")", plain(window), all);
    }

    private static String either(String condition, String then, String otherwise) {
        return "if " + condition + ":\n" + then.indent(2) + "else:\n" + otherwise.indent(2);
    }

    private String fused(String how) {
        int times = config.heads() / config.keyValueHeads();
        String shared = times == 1 ? "X" : "torch.repeat_interleave(X, " + times + ", 1)";
        return "a = torch.scaled_dot_product_attention(q, " + shared.replace("X", "k") + ", " + shared.replace("X", "v")
                + ", " + how + ")\n";
    }

    /** Two products with a softmax in between; heads that share keys are stacked. */
    private String plain(int window) {
        String far = "torch.triu(none, 1)";
        return """
                none = torch.full([t, t], -inf, dtype=TYPE, device=x.device)
                far = torch.repeat(FAR, [SHARED, 1])
                rows = torch.reshape(ROUNDED_Q, [torch.mul(b, KEY_HEADS), torch.mul(t, SHARED), HEAD_WIDTH])
                keys = torch.reshape(ROUNDED_K, [torch.mul(b, KEY_HEADS), t, HEAD_WIDTH])
                values = torch.reshape(v, [torch.mul(b, KEY_HEADS), t, HEAD_WIDTH])
                s = torch.baddbmm(far, rows, torch.transpose(keys, 1, 2), beta=1, alpha=SCALE)
                a = torch.reshape(torch.bmm(torch.softmax(s, -1), values), [b, HEADS, t, HEAD_WIDTH])
                """.replace("FAR", window == 0 ? far : "torch.add(" + far + ", torch.tril(none, -" + window + "))")
                .replace("TYPE", rounds ? "15" : "6")
                .replace("ROUNDED_Q", rounded("q"))
                .replace("ROUNDED_K", rounded("k"))
                .replace("SHARED", Integer.toString(config.heads() / config.keyValueHeads()))
                .replace("SCALE", literal(1 / Math.sqrt(config.headSize())));
    }

    /** The part of the layer after its attention. */
    private String feed(boolean cached) {
        boolean gated = config.family() == Family.LLAMA;
        return """
                def feed(SELF, x: Tensor, a: Tensor, w: int, weights: List[Tensor] TUNED) -> Tensor:
                  a = ROUNDED
                OUTPUT
                  x = SUM
                  h = NORM
                GATE
                UP
                  g = ACTIVATED
                NARROW
                  return SUM
                """.replace("OUTPUT\n", product("y", Slot.OUTPUT, Slot.OUTPUT_BIAS, "a", cached))
                .replace("GATE\n", gated ? product("g", Slot.GATE, Slot.UP_BIAS, "h", cached) : "")
                .replace("UP\n", product("y", Slot.UP, Slot.UP_BIAS, "h", cached))
                .replace("NARROW\n", product("y", Slot.NARROW, Slot.NARROW_BIAS, "g", cached))
                .replace("ROUNDED", rounded("a"))
                .replace("SUM", rounds ? "torch.add(x, y)" : "torch.add_(y, x)")
                .replace(
                        "NORM",
                        rounded(norm("x", inLayer(Slot.FEED_FORWARD_NORM), inLayer(Slot.FEED_FORWARD_NORM_BIAS))))
                .replace("ACTIVATED", gated ? "torch.mul(torch.silu(g), y)" : "torch.gelu(y, approximate=\"tanh\")")
                .replace("TUNED", tuned(true));
    }

    /**
     * A product with a base weight and its bias, if it has one, and the low-rank products of all its adapted modules at
     * once: their A stacked, their B as a block diagonal. The low-rank vectors are columns, so that torch's gradients
     * of these thin matrices use the fast GEMM path.
     */
    private String product(String result, Slot slot, Slot bias, String input, boolean cached) {
        Projection projection = layout.projection(slot);
        StringBuilder s = new StringBuilder();
        String weight = rounded(inLayer(slot));
        String product = projection.bias() && !cached
                ? "torch.addmm(" + rounded(inLayer(bias)) + ", " + input + ", torch.t(" + weight + "))"
                : times(input, weight, cached);
        s.append("RESULT = ").append(product).append("\n");
        if (projection.bias() && cached) {
            s.append("RESULT = torch.add(RESULT, ")
                    .append(rounded(inLayer(bias)))
                    .append(")\n");
        }
        List<String> as = new ArrayList<>();
        List<String> bs = new ArrayList<>();
        for (Module module : projection.modules()) {
            int place = adapted.indexOf(module.name());
            if (place >= 0) {
                as.add(factor(2 * place, form.rank(), projection.inputs()));
                bs.add("torch.t(" + factor(2 * place + 1, module.outputs(), form.rank()) + ")");
            } else {
                bs.add("torch.new_zeros(RESULT, [0, " + module.outputs() + "])");
            }
        }
        if (!as.isEmpty()) {
            s.append("c = torch.mm(torch.cat(").append(as).append("), torch.t(");
            s.append(dropout > 0 ? dropped(input, projection) : input).append("))\n");
            s.append("c = torch.mul(c, ")
                    .append(literal(form.scale() / (1 - dropout)))
                    .append(")\n");
            s.append("RESULT = torch.addmm_(RESULT, torch.t(c), torch.block_diag(")
                    .append(bs)
                    .append("))\n");
        }
        return s.toString().replace("RESULT", result).indent(2);
    }

    /**
     * Rows times a transposed weight. The few rows of a decoding step are padded to at least four and multiplied from
     * the right: with fewer rows, the float32 product reads weights at a third of the memory bandwidth.
     */
    String times(String rows, String weight, boolean few) {
        return few && !rounds
                ? """
                  torch.slice(torch.t(torch.mm(WEIGHT, torch.t(torch.constant_pad_nd(ROWS, [0, 0, 0, \
                  ops.prim.max(torch.sub(4, torch.size(ROWS, 0)), 0)])))), 0, 0, torch.size(ROWS, 0))""".replace("WEIGHT", weight).replace("ROWS", rows)
                : "torch.mm(" + rows + ", torch.t(" + weight + "))";
    }

    private String factor(int place, int rows, int columns) {
        return rounded("torch.view(parts[torch.add(p, " + place + ")], [" + rows + ", " + columns + "])");
    }

    /** A weight of the layer whose first weight has index w. */
    private String inLayer(Slot slot) {
        return "weights[torch.add(w, " + layout.inLayer(slot) + ")]";
    }

    String rounded(String array) {
        return rounds ? "torch.to(" + array + ", 15)" : array;
    }

    String norm(String x, String weight, String bias) {
        return config.family() == Family.GPT2
                ? "torch.layer_norm(X, [WIDTH], WEIGHT, BIAS, EPSILON)"
                        .replace("WIDTH", Integer.toString(config.hiddenSize()))
                        .replace("X", x)
                        .replace("WEIGHT", weight)
                        .replace("BIAS", bias)
                        .replace("EPSILON", literal(config.normEpsilon()))
                : "self.norm(" + x + ", " + weight + ")";
    }

    private String norm() {
        return """
                def norm(SELF, x: Tensor, w: Tensor) -> Tensor:
                  v = torch.mean(torch.mul(x, x), [-1], True)
                  return torch.mul_(torch.mul(x, torch.rsqrt(torch.add(v, EPSILON))), w)
                """.replace("EPSILON", literal(config.normEpsilon()));
    }

    /**
     * Random bits for a layer, 16 for each input of each of its products. Uses a counter-based hash (the finaliser of
     * SplitMix64) instead of torch's generator, which all threads share, so that equal seeds give equal masks
     * regardless of other threads. (torch shifts right with sign extension: the extra bits are removed where the bits
     * are used.)
     */
    private String noise() {
        int inputs =
                layout.projections().stream().mapToInt(Projection::inputs).max().orElseThrow();
        return """
                def noise(SELF, x: Tensor, seed: Tensor) -> Tensor:
                  h = torch.arange(torch.mul(torch.size(x, 0), INPUTS), dtype=4, device=x.device)
                  h = torch.mul(torch.add(h, seed), -7046029254386353131)
                  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 30)), -4658895280553007687)
                  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 27)), -7723592293110705685)
                  h = torch.bitwise_xor(h, torch.bitwise_and(torch.bitwise_right_shift(h, 31), 8589934591))
                  return torch.view_copy(torch.view(h, [-1, INPUTS]), dtype=2)
                """.replace("INPUTS", Integer.toString(inputs));
    }

    /** The input of low-rank products after dropout, the same for all modules that read it. */
    private String dropped(String input, Projection projection) {
        int site = switch (projection.slot()) {
            case INPUT -> 0;
            case OUTPUT -> 1;
            case GATE, UP -> 2;
            default -> 3;
        };
        long threshold = Math.round(dropout * (1 << 16)) - (1 << 15);
        return "torch.masked_fill(X, torch.lt(torch.slice(torch.slice(noise, 0, 0, torch.size(X, 0)), 1, SITE, END, 4), THRESHOLD), 0.)"
                .replace("X", input)
                .replace("SITE", Integer.toString(site))
                .replace("END", Integer.toString(4 * projection.inputs()))
                .replace("THRESHOLD", Long.toString(threshold));
    }

    /** A number as an exact TorchScript literal. */
    private static String literal(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
