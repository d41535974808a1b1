package io.github.fedhds.transformer;

import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.Family;
import io.github.fedhds.model.Precision;
import io.github.fedhds.transformer.DecoderLayout.Module;
import io.github.fedhds.transformer.DecoderLayout.Projection;
import io.github.fedhds.transformer.DecoderLayout.Slot;
import io.github.fedhds.transformer.DecoderSource.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * TorchScript source of a decoder layer, in two methods: {@code attention}, with everything before it, and {@code
 * feed}, the rest. Differences between families are resolved when the source is generated.
 */
final class LayerSource {
    /**
     * Maximum length, in tokens, of texts with unfused attention in bfloat16: it takes a third of the time of fused
     * attention, in float32 three quarters, but needs memory for all pairs of tokens.
     */
    private static final int SHORT_BFLOAT16 = 512;

    private static final int SHORT_FLOAT32 = 128;

    /** Tokens by which a key-value cache grows. */
    private static final int ROOM = 32;

    private final DecoderConfig config;
    private final AdapterForm form;
    private final double dropout;
    private final boolean rounds;
    private final boolean packed;
    private final DecoderLayout layout;
    private final List<String> adapted;
    private final String self;
    private final boolean step;
    private final boolean extend;

    /** @param purpose decoding has one token per row */
    LayerSource(DecoderConfig config, Decoder.Variant variant, Purpose purpose) {
        this.config = config;
        this.form = variant.form();
        this.dropout = variant.dropout();
        this.rounds = variant.precision() == Precision.BFLOAT16;
        this.packed = variant.packed();
        this.layout = new DecoderLayout(config);
        this.adapted = form.modules(config);
        this.self = "self: __torch__." + DecoderSource.className(purpose);
        this.step = purpose == Purpose.DECODE;
        this.extend = purpose == Purpose.EXTEND;
    }

    /** Source of the methods. */
    String methods() {
        return attention()
                + feed()
                + norm()
                + (dropout > 0 ? noise() : "")
                + (packed ? PackedForm.method(self, rounds ? 15 : 6) : "");
    }

    /** True if products run in bfloat16. */
    boolean rounds() {
        return rounds;
    }

    /** Arguments with the positions of the tokens. */
    String positions(String type) {
        return config.family() == Family.GPT2 ? "positions" + type : "cos" + type + ", sin" + type;
    }

    /** Parameters of a layer's methods for its adapter. */
    private String adapterParameters() {
        return adapted.isEmpty() ? "" : ", parts: List[Tensor], p: int" + (dropout > 0 ? ", noise: Tensor" : "");
    }

    /** The arguments for {@link #adapterParameters}. */
    String adapterArguments() {
        return adapted.isEmpty() ? "" : ", parts, p" + (dropout > 0 ? ", noise" : "");
    }

    /** From the state before a layer to the result of its attention: {@code [B T, heads headSize]}, keys and values. */
    private String attention() {
        int heads = config.heads();
        int keyHeads = config.keyValueHeads();
        int size = config.headSize();
        String turn = config.family() == Family.GPT2
                ? ""
                : "  z = torch.addcmul_(torch.mul(z, cos), torch.roll(z, [" + size / 2 + "], [-1]), sin)\n";
        return "def attention(" + self + ", ids: Tensor, x: Tensor, w: int, weights: List[Tensor], "
                + positions(": Tensor") + " " + adapterParameters() + " "
                + (step ? ", mask: Tensor" : "") + (step || extend ? ", keys: Tensor, values: Tensor" : "")
                + ") -> List[Tensor]:\n"
                + "  b = torch.size(ids, 0)\n"
                + "  t = torch.size(ids, 1)\n"
                + "  h = " + rounded(layerNorm(Slot.ATTENTION_NORM)) + "\n"
                + product("y", Slot.QKV, "h")
                + "  u = torch.split_with_sizes(y, [" + (heads + keyHeads) * size + ", " + keyHeads * size + "], 1)\n"
                + "  z = torch.reshape(" + (rounds ? "torch.to(u[0], 6)" : "u[0]") + ", [b, t, " + (heads + keyHeads)
                + ", " + size + "])\n"
                + headNorm()
                + turn
                + "  r = torch.split_with_sizes(z, [" + heads + ", " + keyHeads + "], 2)\n"
                + "  q = torch.transpose(r[0], 1, 2)\n"
                + "  k = torch.transpose(r[1], 1, 2)\n"
                + "  v = torch.transpose(torch.reshape(u[1], [b, t, " + keyHeads + ", " + size + "]), 1, 2)\n"
                + attend().indent(2)
                + "  return [torch.reshape(torch.transpose(a, 1, 2), [torch.mul(b, t), " + heads * size + "]), k, v]\n";
    }

    /** Normalizes queries and keys per head, if the family does. */
    private String headNorm() {
        if (!config.attention().headNorm()) {
            return "";
        }
        String queries =
                "torch.expand(" + inLayer(Slot.QUERY_NORM) + ", [" + config.heads() + ", " + config.headSize() + "])";
        String keys = "torch.expand(" + inLayer(Slot.KEY_NORM) + ", [" + config.keyValueHeads() + ", "
                + config.headSize() + "])";
        return "  z = self.norm(z, torch.cat([" + queries + ", " + keys + "]))\n";
    }

    /** Attention of each token to itself and the tokens before it; in decoding, the caller's mask decides. */
    private String attend() {
        String wide = rounds ? "v = torch.to(v, 6)\n" : "";
        if (step) {
            return wide + appended("keys", "k") + appended("values", "v") + grouped();
        }
        int window = config.attention().window();
        String masked = "all = torch.arange(n, dtype=4, device=x.device)\n"
                + "back = torch.sub(torch.unsqueeze(torch.slice(all, 0, torch.sub(n, t), n), 1), all)\n"
                + "near = "
                + (window == 0
                        ? "torch.ge(back, 0)\n"
                        : "torch.bitwise_and(torch.ge(back, 0), torch.lt(back, " + window + "))\n")
                + wide + fused("near, 0., False");
        String all = wide + fused("None, 0., True");
        if (extend) {
            all = masked; // torch's own causal mask begins at the first key
        } else if (window > 0) { // a mask, except for texts within the window
            all = either("torch.gt(n, " + window + ")", masked, all);
        }
        return (extend ? wide + extended("keys", "k") + extended("values", "v") : "") + "n = torch.size(k, 2)\n"
                + either("torch.le(n, " + (rounds ? SHORT_BFLOAT16 : SHORT_FLOAT32) + ")", plain(window), all);
    }

    /** The keys or values of a prefix, the same for all rows, before those of the rows. */
    private static String extended(String prefix, String own) {
        return own + " = torch.cat([torch.expand(" + prefix + ", [b, -1, -1, -1]), " + own + "], 2)\n";
    }

    /** Writes the new key or value into the cache, which grows in steps, so that few tokens copy it. */
    private static String appended(String cache, String one) {
        return "n = torch.size(mask, 3)\n"
                + either(
                        "torch.lt(torch.size(" + cache + ", 2), n)",
                        cache + " = torch.constant_pad_nd(" + cache + ", [0, 0, 0, " + ROOM + "])\n",
                        cache + " = " + cache + "\n")
                + "_ = torch.copy_(torch.slice(" + cache + ", 2, torch.sub(n, 1), n), " + one + ")\n"
                + one + " = torch.slice(" + cache + ", 2, 0, n)\n";
    }

    /** Attention of one token per row: heads that share keys are queries of one head, so that no key is copied. */
    private String grouped() {
        int shared = config.heads() / config.keyValueHeads();
        return "q = torch.reshape(q, [b, " + config.keyValueHeads() + ", " + shared + ", " + config.headSize() + "])\n"
                + "a = torch.scaled_dot_product_attention(q, k, v, mask, 0., False)\n"
                + "a = torch.reshape(a, [b, " + config.heads() + ", 1, " + config.headSize() + "])\n"
                + "k = keys\nv = values\n";
    }

    private static String either(String condition, String then, String otherwise) {
        return "if " + condition + ":\n" + then.indent(2) + "else:\n" + otherwise.indent(2);
    }

    private String fused(String how) {
        return "a = torch.scaled_dot_product_attention(q, " + repeated("k") + ", " + repeated("v") + ", " + how + ")\n";
    }

    /** Keys or values, once for each query head that shares them. */
    private String repeated(String array) {
        int times = config.heads() / config.keyValueHeads();
        return times == 1 ? array : "torch.repeat_interleave(" + array + ", " + times + ", 1)";
    }

    /** Two products with a softmax in between; heads that share keys are stacked. */
    private String plain(int window) {
        int shared = config.heads() / config.keyValueHeads();
        String size = ", " + config.headSize() + "])\n";
        String batch = ", [torch.mul(b, " + config.keyValueHeads() + "), ";
        String far = "torch.triu(none, torch.sub(n, torch.sub(t, 1)))";
        return "none = torch.full([t, n], -inf, dtype=" + (rounds ? "15" : "6") + ", device=x.device)\n"
                + "far = torch.repeat("
                + (window == 0
                        ? far
                        : "torch.add(" + far + ", torch.tril(none, torch.sub(n, torch.add(t, " + window + "))))")
                + ", [" + shared + ", 1])\n"
                + "rows = torch.reshape(" + rounded("q") + batch + "torch.mul(t, " + shared + ")" + size
                + "keys = torch.reshape(" + rounded("k") + batch + "n" + size
                + "values = torch.reshape(" + rounded("v") + batch + "n" + size
                + "s = torch.baddbmm(far, rows, torch.transpose(keys, 1, 2), beta=1, alpha="
                + literal(1 / Math.sqrt(config.headSize())) + ")\n"
                + "a = torch.reshape(torch.bmm(torch.softmax(s, -1), values), [b, " + config.heads() + ", t" + size;
    }

    /** The part of the layer after its attention. */
    private String feed() {
        boolean gated = config.family() == Family.LLAMA;
        String sum = rounds ? "torch.add(x, y)" : "torch.add_(y, x)";
        return "def feed(" + self + ", x: Tensor, a: Tensor, w: int, weights: List[Tensor] " + adapterParameters()
                + ") -> Tensor:\n"
                + "  a = " + rounded("a") + "\n"
                + product("y", Slot.ATTENTION_OUTPUT, "a")
                + "  x = " + sum + "\n"
                + "  h = " + rounded(layerNorm(Slot.MLP_NORM)) + "\n"
                + (gated ? product("g", Slot.GATE, "h") : "")
                + product("y", Slot.UP, "h")
                + "  g = " + (gated ? "torch.mul(torch.silu(g), y)" : "torch.gelu(y, approximate=\"tanh\")") + "\n"
                + product("y", Slot.DOWN, "g")
                + "  return " + sum + "\n";
    }

    /**
     * A product with a base weight and its bias, if it has one, and the low-rank products of all its adapted modules at
     * once: their A stacked, their B as a block diagonal. The low-rank vectors are columns, so that torch's gradients
     * of these thin matrices use the fast GEMM path.
     */
    private String product(String result, Slot slot, String input) {
        Projection projection = layout.projection(slot);
        String weight = matrix(inLayer(slot));
        String bias = projection.bias() ? rounded(inLayer(slot, true)) : "";
        String text = result + " = "
                + (projection.bias() && !step
                        ? "torch.addmm(" + bias + ", " + input + ", torch.t(" + weight + "))"
                        : times(input, weight))
                + "\n";
        if (projection.bias() && step) {
            text += result + " = torch.add(" + result + ", " + bias + ")\n";
        }
        List<String> as = new ArrayList<>();
        List<String> bs = new ArrayList<>();
        for (Module module : projection.modules()) {
            int place = adapted.indexOf(module.name());
            if (place >= 0) {
                as.add(factor(2 * place, form.rank(), projection.inputs()));
                bs.add("torch.t(" + factor(2 * place + 1, module.outputs(), form.rank()) + ")");
            } else {
                bs.add("torch.new_zeros(" + result + ", [0, " + module.outputs() + "])");
            }
        }
        if (!as.isEmpty()) {
            text += "c = torch.mm(torch.cat(" + as + "), torch.t(" + (dropout > 0 ? dropped(input, projection) : input)
                    + "))\n"
                    + "c = torch.mul(c, " + literal(form.scale() / (1 - dropout)) + ")\n"
                    + result + " = torch.addmm_(" + result + ", torch.t(c), torch.block_diag(" + bs + "))\n";
        }
        return text.indent(2);
    }

    /**
     * Rows times a transposed weight. The few rows of a decoding step are padded to at least four and multiplied from
     * the right: with fewer rows, the float32 product reads weights at a third of the memory bandwidth.
     */
    String times(String rows, String weight) {
        String size = "torch.size(" + rows + ", 0)";
        return step && !rounds
                ? "torch.slice(torch.t(torch.mm(" + weight + ", torch.t(torch.constant_pad_nd(" + rows + ", [0, 0, 0, "
                        + "ops.prim.max(torch.sub(4, " + size + "), 0)])))), 0, 0, " + size + ")"
                : "torch.mm(" + rows + ", torch.t(" + weight + "))";
    }

    private String factor(int place, int rows, int columns) {
        return rounded("torch.view(parts[torch.add(p, " + place + ")], [" + rows + ", " + columns + "])");
    }

    private String inLayer(Slot slot) {
        return inLayer(slot, false);
    }

    /** A weight of the layer whose first weight has index w. */
    private String inLayer(Slot slot, boolean bias) {
        return "weights[torch.add(w, " + layout.inLayer(slot, bias) + ")]";
    }

    /** A weight outside the layers. */
    String outside(Slot slot, boolean bias) {
        return "weights[" + layout.place(slot, bias) + "]";
    }

    /** A matrix of the base in the type of the products. */
    String matrix(String stored) {
        return packed ? "self.unpacked(" + stored + ")" : rounded(stored);
    }

    /** The rows of a matrix of the base for the tokens, in float32. */
    String embeddings(String stored) {
        return packed
                ? "torch.reshape(torch.to(self.unpacked(torch.index_select(" + stored
                        + ", 0, torch.reshape(ids, [-1]))), 6)," + " [torch.size(ids, 0), torch.size(ids, 1), "
                        + config.hiddenSize() + "])"
                : "torch.to(torch.embedding(" + stored + ", ids), 6)";
    }

    String rounded(String array) {
        return rounds ? "torch.to(" + array + ", 15)" : array;
    }

    private String layerNorm(Slot slot) {
        return config.family() == Family.GPT2
                ? layerNorm(inLayer(slot), inLayer(slot, true))
                : "self.norm(x, " + inLayer(slot) + ")";
    }

    /** The state after the model's last norm. */
    String finalNorm() {
        return config.family() == Family.GPT2
                ? layerNorm(outside(Slot.FINAL_NORM, false), outside(Slot.FINAL_NORM, true))
                : "self.norm(x, " + outside(Slot.FINAL_NORM, false) + ")";
    }

    private String layerNorm(String weight, String bias) {
        return "torch.layer_norm(x, [" + config.hiddenSize() + "], " + weight + ", " + bias + ", "
                + literal(config.normEpsilon()) + ")";
    }

    private String norm() {
        return "def norm(" + self + ", x: Tensor, w: Tensor) -> Tensor:\n"
                + "  v = torch.mean(torch.mul(x, x), [-1], True)\n"
                + "  return torch.mul_(torch.mul(x, torch.rsqrt(torch.add(v, " + literal(config.normEpsilon())
                + "))), w)\n";
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
                def noise(%1$s, x: Tensor, seed: Tensor) -> Tensor:
                  h = torch.arange(torch.mul(torch.size(x, 0), %2$d), dtype=4, device=x.device)
                  h = torch.mul(torch.add(h, seed), -7046029254386353131)
                  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 30)), -4658895280553007687)
                  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_right_shift(h, 27)), -7723592293110705685)
                  h = torch.bitwise_xor(h, torch.bitwise_and(torch.bitwise_right_shift(h, 31), 8589934591))
                  return torch.view_copy(torch.view(h, [-1, %2$d]), dtype=2)
                """.formatted(self, inputs);
    }

    /** The input of low-rank products after dropout, the same for all modules that read it. */
    private String dropped(String input, Projection projection) {
        int site = switch (projection.slot()) {
            case QKV -> 0;
            case ATTENTION_OUTPUT -> 1;
            case GATE, UP -> 2;
            default -> 3;
        };
        long threshold = Math.round(dropout * (1 << 16)) - (1 << 15);
        return "torch.masked_fill(" + input + ", torch.lt(torch.slice(torch.slice(noise, 0, 0, torch.size(" + input
                + ", 0)), 1, " + site + ", " + 4 * projection.inputs() + ", 4), " + threshold + "), 0.)";
    }

    /** A number as an exact TorchScript literal. */
    private static String literal(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
