package io.github.fedhds.peft;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.transformer.GgufExport;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A merged GGUF file is the GGUF form of the merged folder, and computes as base and adapter do. */
class MergedGgufTest {
    private static final LoraConfig CONFIG = LoraConfig.defaults().withRank(4).withRsLora(true);

    @TempDir
    private Path folder = Path.of("");

    /** A folder whose hidden size is whole blocks of Q8_0, while its intermediate size is not. */
    private Path base() throws IOException {
        JsonObject config = TinyModel.config();
        config.addProperty("hidden_size", 32);
        return TinyModel.write(Files.createDirectories(folder.resolve("base")), config, TinyModel.weights(config, 1));
    }

    private static GgufWriter gguf(Path base) {
        return GgufExport.of(base)
                .put("tokenizer.huggingface.json", TinyModel.tokenizer().toString());
    }

    private Path file() throws IOException {
        Path file = folder.resolve("base.gguf");
        gguf(base()).write(file);
        return file;
    }

    private static Adapter adapter(Path base) {
        return TinyModel.adapter(DecoderConfig.read(base), CONFIG.form(), 5);
    }

    private static float[] values(GgufFile file, String name) {
        int[] shape = file.shape(name);
        int columns = shape[shape.length - 1];
        float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        file.readRows(name, (row, from) -> System.arraycopy(from, 0, values, row * columns, columns));
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void write_tiny_computesAsBaseAndAdapter(MergedGguf.Type type) throws IOException {
        Path base = file();
        Path out = folder.resolve("merged.gguf");
        MergedGguf.write(base, CONFIG, adapter(base), out, type);
        List<int[]> ids = List.of(TinyModel.ids(new SplittableRandom(3), 40));
        try (LanguageModel model = TinyModel.load(base);
                LanguageModel merged = TinyModel.load(out)) {
            double wanted = model.with(CONFIG.form(), adapter(base)).losses(ids, new int[] {1}, 1)[0];
            double loss = merged.base().losses(ids, new int[] {1}, 1)[0];
            double rounding = switch (type) {
                case F32 -> 1e-5;
                case F16 -> 2e-3;
                case BF16, Q8_0 -> 0.1;
            };
            assertEquals(wanted, loss, rounding);
            assertTrue(
                    Math.abs(wanted - model.base().losses(ids, new int[] {1}, 1)[0]) > 0.2, "the adapter is at work");
            assertEquals(model.tokenizerDigest(), merged.tokenizerDigest());
            assertEquals(model.config(), merged.config());
        }
        try (GgufFile file = GgufFile.open(out)) {
            boolean packed = type == MergedGguf.Type.Q8_0;
            GgufType matrices = GgufType.valueOf(type.name());
            assertEquals(matrices, file.type("blk.0.attn_q.weight"));
            assertEquals(packed ? GgufType.F16 : matrices, file.type("blk.0.ffn_down.weight"));
            assertEquals(GgufType.F32, file.type("blk.1.attn_norm.weight"));
            assertEquals(
                    List.of(0, 1, 32, 7).get(type.ordinal()), file.options().whole("general.file_type"));
            assertEquals(packed, file.options().has("general.quantization_version"));
        }
    }

    /** The other way to the same file: merge in the folder, then convert. */
    private void assertIsTheConvertedMergedFolder(Path base, MergedGguf.Type type, GgufType matrices) {
        Path file = folder.resolve("it.gguf");
        GgufExport.of(base).write(file);
        Path out = folder.resolve("merged.gguf");
        Adapter adapter = adapter(base);
        MergedGguf.write(file, CONFIG, adapter, out, type);
        Path mergedFolder = folder.resolve("folder");
        MergedFolder.write(base, CONFIG, adapter, mergedFolder, MergedFolder.Type.F32);
        Path wanted = folder.resolve("wanted.gguf");
        GgufExport.of(mergedFolder, matrices).write(wanted);
        int compared = 0;
        try (GgufFile expected = GgufFile.open(wanted);
                GgufFile merged = GgufFile.open(out)) {
            assertEquals(expected.names(), merged.names());
            for (String name : expected.names()) {
                assertArrayEquals(expected.shape(name), merged.shape(name), name);
                if (expected.type(name) == merged.type(name)) {
                    assertArrayEquals(values(expected, name), values(merged, name), name);
                    compared++;
                }
            }
            assertTrue(compared > expected.names().size() / 2, "compared " + compared);
        }
    }

    @ParameterizedTest
    @EnumSource
    void write_tiny_isTheConvertedMergedFolder(MergedGguf.Type type) throws IOException {
        assertIsTheConvertedMergedFolder(base(), type, GgufType.valueOf(type.name()));
    }

    @Tag("golden")
    @ParameterizedTest
    @ValueSource(strings = {"tiny-gpt2", "tiny-qwen2", "tiny-qwen3", "tiny-llama3", "tiny-mistral"})
    void write_everyFamily_isTheConvertedMergedFolder(String name) {
        assertIsTheConvertedMergedFolder(SharedFolders.models().resolve(name), MergedGguf.Type.F16, GgufType.F16);
    }

    @Test
    void write_otherBasesAndFiles_areRefusedByName() throws IOException {
        Path base = file();
        Adapter adapter = adapter(base);
        Path out = folder.resolve("out.gguf");
        refused( // its tokenizer has no pre-tokenizer, and so no name in GGUF
                folder.resolve("base"),
                out,
                adapter,
                "tokenizer.json cannot be written as GGUF: its pre_tokenizer is none of",
                "MergedFolder",
                "convert_hf_to_gguf.py");
        refused(folder.resolve("none.gguf"), out, adapter, "none.gguf");
        refused(base, folder.resolve("out"), adapter, "must end with .gguf");
        refused(base, base, adapter, "base.gguf exists");
        assertFails(
                FedHdsException.class,
                () -> MergedFolder.write(base, CONFIG, adapter, folder.resolve("merged")),
                "base.gguf is a GGUF file",
                "MergedGguf");
        assertFalse(Files.exists(out));
    }

    private void refused(Path base, Path out, Adapter adapter, String... parts) {
        assertFails(
                FedHdsException.class, () -> MergedGguf.write(base, CONFIG, adapter, out, MergedGguf.Type.F16), parts);
    }

    @Test
    void write_anAdapterThatDoesNotFit_isRefusedAndLeavesNothing() throws IOException {
        Path base = file();
        Map<String, Tensor> fewer = new TreeMap<>(adapter(base).tensors());
        fewer.keySet().removeIf(name -> name.startsWith("model.layers.1.mlp.up_proj"));
        unfit(base, CONFIG, new Adapter(fewer), "model.layers.1.mlp.up_proj.lora_A is missing", "blk.1.ffn_up.weight");
        unfit(base, CONFIG, one("model.layers.7.self_attn.q_proj", 32, 32), "blk.7.attn_q.weight", "lacks");
        unfit(base, CONFIG, one("model.layers.0.self_attn.q_proj", 8, 32), "has shape [32, 32]", "needs [32, 8]");
        unfit(base, CONFIG, one("model.layers.0.other_proj", 32, 32), "model.layers.0.other_proj.weight", "lacks");
        unfit(base, CONFIG, Adapter.empty(), "no tensor");
        Map<String, Tensor> large = new HashMap<>(adapter(base).tensors());
        large.replaceAll((name, tensor) -> new Tensor(tensor.shape(), filled(tensor.size(), 1e4f)));
        unfit(base, CONFIG, new Adapter(large), "tensor blk.0.attn_", "F16 has numbers up to 65504");
    }

    /** The file has no head: its embedding is used twice. */
    @Test
    void write_aTiedHead_isRefused() throws IOException {
        JsonObject config = TinyModel.config();
        config.addProperty("tie_word_embeddings", true);
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        weights.remove("lm_head.weight");
        Path tied = TinyModel.write(Files.createDirectories(folder.resolve("tied")), config, weights);
        Path file = folder.resolve("tied.gguf");
        gguf(tied).write(file);
        LoraConfig head = CONFIG.withTargetModules(List.of("lm_head"));
        unfit(file, head, one("lm_head", 16, TinyModel.VOCABULARY), "lm_head.lora_A", "is tied to its embedding");
    }

    private void unfit(Path base, LoraConfig config, Adapter adapter, String... parts) {
        Path out = folder.resolve("out.gguf");
        assertFails(
                IllegalArgumentException.class,
                () -> MergedGguf.write(base, config, adapter, out, MergedGguf.Type.F16),
                parts);
        assertFalse(Files.exists(out));
    }

    private static Adapter one(String module, int in, int out) {
        int rank = CONFIG.rank();
        return new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {rank, in}, filled(rank * in, 1)),
                module + ".lora_B", new Tensor(new int[] {out, rank}, filled(rank * out, 1))));
    }

    private static float[] filled(int length, float value) {
        float[] values = new float[length];
        Arrays.fill(values, value);
        return values;
    }
}
