package io.github.fedhds.model;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Names of modules and order of rows in GGUF and at Hugging Face. A module is a tensor's name without its suffix, such as
 * {@code blk.0.attn_q} and {@code model.layers.0.self_attn.q_proj}.
 */
public final class GgufNames {
    private static final Map<String, String> LLAMA = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"),
            Map.entry("token_embd", "model.embed_tokens"),
            Map.entry("output_norm", "model.norm"),
            Map.entry("output", "lm_head"));

    private static final Map<String, String> GPT2 = Map.ofEntries(
            Map.entry("attn_norm", "ln_1"),
            Map.entry("ffn_norm", "ln_2"),
            Map.entry("attn_qkv", "attn.c_attn"),
            Map.entry("attn_output", "attn.c_proj"),
            Map.entry("ffn_up", "mlp.c_fc"),
            Map.entry("ffn_down", "mlp.c_proj"),
            Map.entry("token_embd", "transformer.wte"),
            Map.entry("position_embd", "transformer.wpe"),
            Map.entry("output_norm", "transformer.ln_f"),
            Map.entry("output", "lm_head"));

    private static final String LAYER = "blk.";

    private final DecoderConfig config;
    private final Map<String, String> toHuggingFace;
    private final Map<String, String> toGguf;
    private final String layers;

    /** Names for the architecture of a configuration. */
    public GgufNames(DecoderConfig config) {
        this.config = config;
        boolean gpt2 = config.family() == Family.GPT2;
        this.toHuggingFace = gpt2 ? GPT2 : LLAMA;
        this.toGguf =
                toHuggingFace.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
        this.layers = gpt2 ? "transformer.h." : "model.layers.";
    }

    /** The value of {@code general.architecture}. */
    public String architecture() {
        if (config.family() == Family.GPT2) {
            return "gpt2";
        }
        if (config.attention().headNorm()) {
            return "qwen3";
        }
        return config.attention().inputBias() && !config.attention().outputBias() ? "qwen2" : "llama";
    }

    /** The module at Hugging Face; empty if this architecture has no such module. */
    public Optional<String> huggingFace(String module) {
        return renamed(module, LAYER, layers, toHuggingFace);
    }

    /** The module in GGUF; empty if this architecture has no such module. */
    public Optional<String> gguf(String module) {
        return renamed(module, layers, LAYER, toGguf);
    }

    private static Optional<String> renamed(String module, String from, String to, Map<String, String> names) {
        if (!module.startsWith(from)) {
            return Optional.ofNullable(names.get(module));
        }
        int dot = module.indexOf('.', from.length());
        return dot < 0
                ? Optional.empty()
                : Optional.ofNullable(names.get(module.substring(dot + 1)))
                        .map(name -> to + module.substring(from.length(), dot + 1) + name);
    }

    /**
     * True if the rows of this module of Hugging Face have another order in GGUF: queries and keys of the architecture llama,
     * where llama.cpp rotates neighbouring rows of a head and Hugging Face rows that are half a head apart.
     */
    public boolean isPaired(String module) {
        return architecture().equals("llama")
                && (module.endsWith(".self_attn.q_proj") || module.endsWith(".self_attn.k_proj"));
    }

    /** The row at Hugging Face of a row in GGUF, for a module that {@link #isPaired}. */
    public int unpaired(int row) {
        int inHead = row % config.headSize();
        return row - inHead + inHead % 2 * (config.headSize() / 2) + inHead / 2;
    }
}
