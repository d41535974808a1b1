package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.model.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that is written as a folder and as a GGUF file is the same model. */
class GgufModelTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void write() {
        TinyModel.write(folder);
    }

    private GgufWriter file() {
        return GgufExport.of(folder)
                .put("tokenizer.huggingface.json", TinyModel.tokenizer().toString());
    }

    @Test
    void load_sameWeights_givesTheSameLosses() {
        Path file = folder.resolve("model.GGUF");
        file().write(file);
        int[] ids = TinyModel.ids(new SplittableRandom(3), 40);
        try (LanguageModel expected = TinyModel.load(folder);
                LanguageModel model = TinyModel.load(file)) {
            assertEquals(expected.config().eosIds(), model.config().eosIds());
            assertArrayEquals(
                    expected.base().losses(List.of(ids), new int[] {1}, 1),
                    model.base().losses(List.of(ids), new int[] {1}, 1));
            assertArrayEquals(
                    expected.tokenizer().encode("hello a b"), model.tokenizer().encode("hello a b"));
            assertEquals(expected.tokenizerDigest(), model.tokenizerDigest());
        }
        assertEquals(Optional.empty(), LanguageModel.firstNonFinite(file));
    }

    @Test
    void load_whatIsNotSupported_isRefusedByName() {
        refused(file().put("general.architecture", "mamba"), "mamba", "llama, qwen2, qwen3, gpt2");
        refused(file().put("llama.expert_count", 8), "llama.expert_count is 8");
        refused(file().put("llama.rope.scaling.type", "yarn"), "yarn", "none, linear");
        refused(file().put("llama.rope.dimension_count", 2), "llama.rope.dimension_count is 2");
        refused(file().put("llama.attention.head_count_kv", List.of(1, 2)), "one number for all");
        refused(file().put("llama.attention.head_count", 0), "llama.attention.head_count must be 1 or more");
        refused(file().remove("llama.block_count"), "llama.block_count is missing");
        refused(file().remove("tokenizer.ggml.eos_token_id"), "tokenizer.ggml.eos_token_id is missing");
        refused(file().add("blk.0.attn_qkv.weight", new int[] {1}, GgufType.F32, () -> new float[1]), "attn_qkv");
        refused(file().add("blk.2.attn_q.weight", new int[] {1}, GgufType.F32, () -> new float[1]), "does not use");
        refused(
                file().add("rope_freqs.weight", new int[] {1}, GgufType.F32, () -> new float[] {1}),
                "rope_freqs.weight has 1 numbers");
    }

    @Test
    void load_vocabularyThatIsNotKnown_isRefusedByName() {
        GgufWriter own = file().remove("tokenizer.huggingface.json");
        refused(own.put("tokenizer.ggml.model", "rwkv"), "rwkv", "gpt2, llama");
        refused(
                own.put("tokenizer.ggml.model", "gpt2").put("tokenizer.ggml.pre", "tekken"),
                "tekken",
                "smollm",
                "tokenizer.json");
        refused(own.put("tokenizer.ggml.pre", "gpt-2").put("tokenizer.ggml.merges", List.of("ab")), "two tokens");
        refused(own.put("tokenizer.ggml.tokens", List.of("a", "a")), "60 elements for 2 tokens");
        refused(own.remove("tokenizer.ggml.token_type"), "twice");
        refused(own.remove("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens is missing");
        refused(file().put("tokenizer.huggingface.json", "[1"), "tokenizer.huggingface.json is not a JSON object");
    }

    /** One matrix in place of those of queries, keys and values. */
    @Test
    void load_fusedAttention_givesTheSameLosses() {
        Path plain = folder.resolve("plain.gguf");
        file().write(plain);
        Path file = folder.resolve("fused.gguf");
        try (GgufFile parts = GgufFile.open(plain)) {
            GgufWriter writer = new GgufWriter().putAll(parts);
            for (String name : parts.names()) {
                int[] shape = parts.shape(name);
                if (name.endsWith(".attn_q.weight")) {
                    writer.addRows(name.replace("_q", "_qkv"), new int[] {32, 16}, GgufType.F32, receiver -> {
                        for (String part : List.of("_q", "_k", "_v")) {
                            parts.readRows(name.replace("_q", part), (row, values) -> receiver.accept(values));
                        }
                    });
                } else if (!name.contains(".attn_k.") && !name.contains(".attn_v.")) {
                    writer.addRows(
                            name,
                            shape,
                            GgufType.F32,
                            receiver -> parts.readRows(name, (row, values) -> receiver.accept(values)));
                }
            }
            writer.write(file);
        }
        int[] ids = TinyModel.ids(new SplittableRandom(3), 40);
        try (LanguageModel expected = TinyModel.load(plain);
                LanguageModel model = TinyModel.load(file)) {
            assertArrayEquals(
                    expected.base().losses(List.of(ids), new int[] {1}, 1),
                    model.base().losses(List.of(ids), new int[] {1}, 1));
            assertEquals(expected.digest(), model.digest());
        }
    }

    /** A file whose pre-tokenizer is unknown, with the model's own tokenizer.json. */
    @Test
    void load_ownTokenizer_isUsedInPlaceOfTheVocabulary() throws IOException {
        Path file = folder.resolve("model.gguf");
        file().remove("tokenizer.huggingface.json")
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "tekken")
                .write(file);
        assertFails(FedHdsException.class, () -> TinyModel.load(file), "ModelOptions.withTokenizer", "--tokenizer");
        Path own = folder.resolve("tokenizer.json");
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel expected = TinyModel.load(folder);
                LanguageModel model = LanguageModel.load(file, options.withTokenizer(own))) {
            assertEquals(expected.tokenizerDigest(), model.tokenizerDigest());
            assertArrayEquals(
                    expected.tokenizer().encode("hello a b"), model.tokenizer().encode("hello a b"));
        }
        assertFails(
                FedHdsException.class,
                () -> LanguageModel.load(folder, options.withTokenizer(own)),
                "an own tokenizer is for GGUF files");
        Path other = folder.resolve("other.json");
        Files.writeString(
                other, Files.readString(own).replace("\"a\":", "\"~\":").replace("\"b\":", "\"a\":"));
        assertFails(
                FedHdsException.class,
                () -> LanguageModel.load(file, options.withTokenizer(other)),
                "the token a has the id",
                "is it of another model?");
        assertFails(
                FedHdsException.class, () -> LanguageModel.load(file, options.withTokenizer(folder.resolve("x"))), "x");
        assertFails(
                FedHdsException.class, () -> LanguageModel.load(file, options.withTokenizer(folder)), "cannot be read");
        Files.writeString(folder.resolve("chat_template.jinja"), "<|im_start|>");
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"add_bos_token\": true, \"bos_token\": \"<s>\"}");
        try (LanguageModel model = LanguageModel.load(file, options.withTokenizer(own))) {
            assertEquals(1, model.tokenizer().encode("a")[0], "the BOS token of the file beside it");
            assertFails(FedHdsException.class, model::promptTemplate, "chat_template.jinja");
        }
        Files.writeString(config, "{\"eos_token\": \"<s>\"}");
        assertFails(
                FedHdsException.class,
                () -> LanguageModel.load(file, options.withTokenizer(own)),
                "tokenizer_config.json",
                "eos_token is <s>");
    }

    private void refused(GgufWriter writer, String... parts) {
        Path file = folder.resolve("other.gguf");
        writer.write(file);
        String message = assertFails(FedHdsException.class, () -> TinyModel.load(file), parts);
        assertTrue(message.contains("other.gguf"), message);
    }
}
