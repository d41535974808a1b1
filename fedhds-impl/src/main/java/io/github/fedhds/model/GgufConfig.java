package io.github.fedhds.model;

import com.google.gson.JsonArray;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a {@link DecoderConfig} from the metadata of a GGUF file. Unsupported settings that would change the numbers are
 * refused by name.
 */
final class GgufConfig {
    private static final String GPT2 = "gpt2";
    private static final List<String> ARCHITECTURES = List.of("llama", "qwen2", "qwen3", GPT2);

    /** Settings of variants of these architectures that are not computed here. */
    private static final List<String> REFUSED = List.of(
            "expert_count",
            "logit_scale",
            "residual_scale",
            "embedding_scale",
            "attention.scale",
            "attention.clamp_kqv",
            "attention.max_alibi_bias");

    private final GgufFile file;
    private final JsonOptions options;
    private final String architecture;

    private GgufConfig(GgufFile file) {
        this.file = file;
        this.options = file.options();
        this.architecture = options.oneOf("general.architecture", ARCHITECTURES);
    }

    static DecoderConfig read(GgufFile file) {
        try {
            return new GgufConfig(file).config();
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file.file() + ": " + e.getMessage(), e);
        }
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private DecoderConfig config() {
        checkQuantization();
        for (String name : REFUSED) {
            if (options.number(key(name), 0) != 0) {
                throw new IllegalArgumentException(
                        key(name) + " is " + options.number(key(name)) + ", which is not supported");
            }
        }
        boolean gpt2 = architecture.equals(GPT2);
        int width = options.whole(key("embedding_length"));
        int heads = one("attention.head_count");
        int keyValueHeads =
                options.given(key("attention.head_count_kv")).isPresent() ? one("attention.head_count_kv") : heads;
        return new DecoderConfig(
                gpt2 ? Family.GPT2 : Family.LLAMA,
                width,
                one("feed_forward_length"),
                options.whole(key("block_count")),
                heads,
                keyValueHeads,
                headSize(width, heads),
                vocabulary(),
                options.whole(key("context_length")),
                options.number(key(gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon")),
                options.number(key("rope.freq_base"), 10000),
                gpt2 ? new RotaryScaling.None() : scaling(headSize(width, heads)),
                attention(gpt2),
                !file.names().contains("output.weight"),
                eosIds());
    }

    private void checkQuantization() {
        boolean packed = file.names().stream().map(file::type).anyMatch(type -> type.elements() > 1);
        int version = options.whole("general.quantization_version", 2);
        if (packed && version != 2) {
            throw new IllegalArgumentException("general.quantization_version is " + version + "; supported: 2");
        }
    }

    /** A number that some files have as a list with one number per layer. */
    private int one(String name) {
        List<Integer> values = options.wholes(key(name));
        if (values.isEmpty()) {
            return options.whole(key(name)); // which says that it is missing
        }
        if (values.stream().distinct().count() > 1) {
            throw new IllegalArgumentException(key(name) + " is " + JsonFile.shorten(values.toString())
                    + "; supported: one number for all layers");
        }
        return values.get(0);
    }

    private int headSize(int width, int heads) {
        DecoderConfig.checkPositive(key("attention.head_count"), heads);
        int size = options.whole(key("attention.key_length"), width / heads);
        if (size == width / heads && width % heads != 0) {
            throw new IllegalArgumentException(
                    key("attention.head_count") + " must divide the embedding length, was " + heads + " of " + width);
        }
        for (String name : List.of("attention.value_length", "rope.dimension_count")) {
            int other = options.whole(key(name), size);
            if (other != size) {
                throw new IllegalArgumentException(
                        key(name) + " is " + other + "; supported: the length of keys, " + size);
            }
        }
        return size;
    }

    private int vocabulary() {
        if (options.given(key("vocab_size")).isPresent()) {
            return options.whole(key("vocab_size"));
        }
        if (options.json().get("tokenizer.ggml.tokens") instanceof JsonArray tokens) {
            return tokens.size();
        }
        throw new IllegalArgumentException(key("vocab_size") + " is missing, and so is tokenizer.ggml.tokens");
    }

    private RotaryScaling scaling(int headSize) {
        if (file.names().contains("rope_freqs.weight")) {
            List<Float> factors = new ArrayList<>();
            file.readRows("rope_freqs.weight", (row, values) -> {
                for (float value : values) {
                    factors.add(value);
                }
            });
            if (factors.size() != headSize / 2) {
                throw new IllegalArgumentException("rope_freqs.weight has " + factors.size()
                        + " numbers, must be half of the head size " + headSize);
            }
            return new RotaryScaling.Divisors(factors);
        }
        double factor = options.number(key("rope.scaling.factor"), options.number(key("rope.scale_linear"), 1));
        boolean typed = options.given(key("rope.scaling.type")).isPresent();
        String type = typed
                ? options.oneOf(key("rope.scaling.type"), List.of("none", "linear"))
                : factor == 1 ? "none" : "linear";
        return type.equals("none") ? new RotaryScaling.None() : new RotaryScaling.Linear(factor);
    }

    private AttentionForm attention(boolean gpt2) {
        if (gpt2) {
            return new AttentionForm(true, true, false, 0);
        }
        return new AttentionForm(
                file.names().contains("blk.0.attn_q.bias"),
                file.names().contains("blk.0.attn_output.bias"),
                file.names().contains("blk.0.attn_q_norm.weight"),
                options.whole(key("attention.sliding_window"), 0));
    }

    /** The EOS id first, which training appends, then the other ids that end a turn. */
    private List<Integer> eosIds() {
        Set<Integer> ids = new LinkedHashSet<>();
        for (String name : List.of("eos", "eot", "eom")) {
            String key = "tokenizer.ggml." + name + "_token_id";
            if (options.given(key).isPresent()) {
                ids.add(options.whole(key));
            }
        }
        if (ids.isEmpty()) {
            throw new IllegalArgumentException(
                    "tokenizer.ggml.eos_token_id is missing; training and generation need it");
        }
        return List.copyOf(ids);
    }
}
