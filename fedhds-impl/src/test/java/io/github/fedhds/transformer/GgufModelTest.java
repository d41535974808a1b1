package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that is written as a folder and as a GGUF file is the same model. */
class GgufModelTest {
    private static final List<String> MODULES = List.of(
            "input_layernorm", "attn_norm",
            "post_attention_layernorm", "ffn_norm",
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    private static final int HEAD = 4;

    @TempDir
    private Path folder = Path.of("");

    /** The metadata and tensors of a file that equals {@link TinyModel}; q and k in llama.cpp's row order. */
    static GgufWriter writer(JsonObject config, Map<String, Tensor> weights) {
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "llama")
                .put("llama.embedding_length", config.get("hidden_size").getAsInt())
                .put("llama.feed_forward_length", config.get("intermediate_size").getAsInt())
                .put("llama.block_count", config.get("num_hidden_layers").getAsInt())
                .put("llama.attention.head_count", config.get("num_attention_heads").getAsInt())
                .put("llama.attention.head_count_kv", config.get("num_key_value_heads").getAsInt())
                .put("llama.context_length", TinyModel.POSITIONS)
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .put("tokenizer.ggml.eos_token_id", TinyModel.END);
        vocabulary(writer);
        weights.forEach((name, tensor) -> {
            int[] shape = tensor.shape();
            boolean paired = name.contains("q_proj") || name.contains("k_proj");
            float[] values = paired ? paired(tensor) : tensor.toArray();
            writer.add(renamed(name), shape, GgufType.F32, () -> values);
        });
        return writer;
    }

    private static void vocabulary(GgufWriter writer) {
        JsonObject tokenizer = TinyModel.tokenizer();
        List<String> tokens = new ArrayList<>();
        tokenizer.getAsJsonObject("model").getAsJsonObject("vocab").keySet().forEach(tokens::add);
        for (int i = tokens.size(); i < TinyModel.VOCABULARY; i++) {
            tokens.add("[PAD" + i + "]");
        }
        writer.put("tokenizer.huggingface.json", tokenizer.toString()).put("tokenizer.ggml.tokens", tokens);
    }

    private static String renamed(String name) {
        String result = name.replace("model.layers.", "blk.");
        for (int i = 0; i < MODULES.size(); i += 2) {
            result = result.replace("." + MODULES.get(i) + ".", "." + MODULES.get(i + 1) + ".");
        }
        return switch (result) {
            case "model.embed_tokens.weight" -> "token_embd.weight";
            case "model.norm.weight" -> "output_norm.weight";
            case "lm_head.weight" -> "output.weight";
            default -> result;
        };
    }

    /** As llama.cpp's converter does: rows of a head [2, D/2] become [D/2, 2]. */
    private static float[] paired(Tensor tensor) {
        int columns = tensor.shape()[1];
        float[] values = tensor.toArray();
        float[] paired = new float[values.length];
        for (int row = 0; row < tensor.shape()[0]; row++) {
            int inHead = row % HEAD;
            int to = row - inHead + inHead % (HEAD / 2) * 2 + inHead / (HEAD / 2);
            System.arraycopy(values, row * columns, paired, to * columns, columns);
        }
        return paired;
    }

    @Test
    void load_sameWeights_givesTheSameLosses() {
        TinyModel.write(folder);
        Path file = folder.resolve("model.gguf");
        writer(TinyModel.config(), TinyModel.weights(TinyModel.config(), 1)).write(file);
        int[] ids = TinyModel.ids(new SplittableRandom(3), 40);
        try (LanguageModel expected = TinyModel.load(folder);
                LanguageModel model = TinyModel.load(file)) {
            assertEquals(expected.config().eosIds(), model.config().eosIds());
            assertArrayEquals(
                    expected.base().losses(List.of(ids), new int[] {1}, 1),
                    model.base().losses(List.of(ids), new int[] {1}, 1));
            assertArrayEquals(expected.tokenizer().encode("hello a b"), model.tokenizer().encode("hello a b"));
            assertEquals(expected.tokenizerDigest(), model.tokenizerDigest());
        }
    }

    @Test
    void load_whatIsNotSupported_isRefusedByName() {
        JsonObject config = TinyModel.config();
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        refused(writer(config, weights).put("general.architecture", "mamba"), "mamba", "llama, qwen2, qwen3, gpt2");
        refused(writer(config, weights).put("llama.expert_count", 8), "llama.expert_count is 8");
        refused(writer(config, weights).put("llama.rope.scaling.type", "yarn"), "yarn", "none, linear");
        refused(writer(config, weights).put("llama.rope.dimension_count", 2), "llama.rope.dimension_count is 2");
        refused(writer(config, weights).put("llama.attention.head_count_kv", List.of(1, 2)), "one number for all");
        refused(
                writer(config, weights).add("blk.0.attn_qkv.weight", new int[] {1}, GgufType.F32, () -> new float[1]),
                "blk.0.attn_qkv.weight", "not supported");
        refused(
                writer(config, weights).add("blk.2.attn_q.weight", new int[] {1}, GgufType.F32, () -> new float[1]),
                "does not use");
        refused(
                writer(config, weights).add("rope_freqs.weight", new int[] {1}, GgufType.F32, () -> new float[] {1}),
                "rope_freqs.weight has 1 numbers");
    }

    private void refused(GgufWriter writer, String... parts) {
        Path file = folder.resolve("other.gguf");
        writer.write(file);
        String message = assertFails(FedHdsException.class, () -> TinyModel.load(file), parts);
        assertTrue(message.contains("other.gguf"), message);
    }

    @Test
    void load_vocabularyThatIsNotKnown_isRefusedByName() {
        JsonObject config = TinyModel.config();
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        refusedVocabulary(config, weights, "tokenizer.ggml.model", "rwkv", "rwkv", "gpt2, llama");
        refusedVocabulary(config, weights, "tokenizer.ggml.pre", "tekken", "tekken", "smollm", "tokenizer.json");
    }

    private void refusedVocabulary(
            JsonObject config, Map<String, Tensor> weights, String key, String value, String... parts) {
        GgufWriter writer = writer(config, weights)
                .remove("tokenizer.huggingface.json")
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.merges", new ArrayList<>(List.of("a b")))
                .put(key, value);
        refused(writer, parts);
    }
}
