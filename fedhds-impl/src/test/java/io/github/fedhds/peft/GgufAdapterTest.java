package io.github.fedhds.peft;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A LoRA adapter as GGUF: read back it changes the model as before, and it has the names and order of llama.cpp. */
class GgufAdapterTest {
    private static LanguageModel model;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load(@TempDir Path models) {
        model = TinyModel.load(TinyModel.write(models));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private Path write(LoraConfig config) {
        Path file = folder.resolve("adapter.gguf");
        GgufAdapter.write(file, model.config(), config, TinyModel.adapter(model.config(), config.form(), 5));
        return file;
    }

    @Test
    void write_readBack_givesTheSameLosses() {
        int[] ids = TinyModel.ids(new SplittableRandom(3), 30);
        for (boolean rsLora : new boolean[] {false, true}) {
            LoraConfig config = LoraConfig.defaults().withRank(4).withRsLora(rsLora);
            Adapter adapter = TinyModel.adapter(model.config(), config.form(), 5);
            PeftFolder read = GgufAdapter.read(write(config), model.config());
            assertEquals(adapter, read.adapter());
            assertEquals(config.scale(), read.config().scale(), 1e-6);
            assertArrayEquals(
                    model.with(config.form(), adapter).losses(List.of(ids), new int[] {1}, 1),
                    read.on(model).losses(List.of(ids), new int[] {1}, 1),
                    1e-6);
        }
    }

    /** Row 1 of a query's head is row D / 2 of Hugging Face; A and other modules keep their order. */
    @Test
    void write_namesShapesAndOrder_areLlamaCpps() {
        LoraConfig config = LoraConfig.defaults().withRank(2);
        Adapter adapter = TinyModel.adapter(model.config(), config.form(), 5);
        try (GgufFile file = GgufFile.open(write(config))) {
            assertEquals(
                    "\"llama\"",
                    file.options().json().get("general.architecture").toString());
            assertEquals(
                    "\"adapter\"", file.options().json().get("general.type").toString());
            assertEquals(16, file.options().number("adapter.lora.alpha"));
            assertEquals(2 * 7 * model.config().layers(), file.names().size());
            Tensor b = tensor(adapter, "model.layers.1.self_attn.q_proj.lora_B");
            int half = model.config().headSize() / 2;
            Map<Integer, Float> firsts = new HashMap<>();
            file.readRows("blk.1.attn_q.weight.lora_b", (row, values) -> firsts.put(row, values[0]));
            assertEquals(b.get(0), firsts.get(0));
            assertEquals(b.get(half * 2), firsts.get(1));
            Tensor v = tensor(adapter, "model.layers.1.self_attn.v_proj.lora_B");
            file.readRows("blk.1.attn_v.weight.lora_b", (row, values) -> firsts.put(row, values[0]));
            assertEquals(v.get(2), firsts.get(1));
            assertArrayEquals(new int[] {2, 16}, file.shape("blk.0.ffn_gate.weight.lora_a"));
        }
    }

    @Test
    void read_whatIsNoAdapterOfTheModel_isRefused() {
        refused(new GgufWriter(), "general.type is missing");
        refused(adapter("gpt2"), "general.architecture is \"gpt2\"; supported: llama");
        refused(adapter("llama"), "it has no tensor");
        refused(
                adapter("llama").add("blk.0.attn_q.weight", new int[] {1}, GgufType.F32, () -> new float[1]),
                "blk.0.attn_q.weight is none of LoRA");
        refused(
                adapter("llama").add("blk.0.x.weight.lora_a", new int[] {1, 1}, GgufType.F32, () -> new float[1]),
                "blk.0.x.weight.lora_a is not known for llama");
        refused(
                adapter("llama")
                        .add("blk.0.attn_q.weight.lora_a", new int[] {1, 16}, GgufType.F32, () -> new float[16]),
                "has no model.layers.0.self_attn.q_proj.lora_B beside it");
        assertFails(
                IllegalArgumentException.class,
                () -> GgufAdapter.write(folder.resolve("x"), model.config(), LoraConfig.defaults(), Adapter.empty()),
                "no tensor");
    }

    @Test
    void write_adapterOfAnotherModel_isRefused() {
        LoraConfig config = LoraConfig.defaults();
        Map<String, Tensor> tensors = new TreeMap<>(
                TinyModel.adapter(model.config(), config.form(), 5).tensors());
        for (String factor : List.of(".lora_A", ".lora_B")) {
            tensors.put(
                    "model.layers.29.self_attn.q_proj" + factor,
                    Objects.requireNonNull(tensors.get("model.layers.0.self_attn.q_proj" + factor)));
        }
        Path file = folder.resolve("other.gguf");
        assertFails(
                IllegalArgumentException.class,
                () -> GgufAdapter.write(file, model.config(), config, new Adapter(tensors)),
                "model.layers.29.self_attn.q_proj");
        assertFalse(Files.exists(file));
    }

    @Test
    void write_tokenEmbedding_isRefused() {
        String module = "model.embed_tokens";
        Adapter embedding = new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {1, 16}, new float[16]),
                module + ".lora_B", new Tensor(new int[] {8, 1}, new float[8])));
        LoraConfig config = new LoraConfig(1, 1, 0, List.of("embed_tokens"), false);
        Path file = folder.resolve("embedding.gguf");
        assertFails(
                IllegalArgumentException.class,
                () -> GgufAdapter.write(file, model.config(), config, embedding),
                "module model.embed_tokens is the token embedding",
                "llama.cpp refuses");
        assertFalse(Files.exists(file));
    }

    /** llama.cpp's scale is alpha / rank of each module. */
    @Test
    void read_mixedRanks_getTheLargest() {
        GgufWriter writer = adapter("llama");
        for (int layer = 0; layer < 2; layer++) {
            int rank = layer + 1;
            float[] ones = new float[16 * rank];
            Arrays.fill(ones, 1);
            String name = "blk." + layer + ".attn_v.weight.lora_";
            writer.add(name + "a", new int[] {rank, 16}, GgufType.F32, () -> ones)
                    .add(name + "b", new int[] {8, rank}, GgufType.F32, () -> Arrays.copyOf(ones, 8 * rank));
        }
        Path file = folder.resolve("mixed.gguf");
        writer.write(file);
        PeftFolder read = GgufAdapter.read(file, model.config());
        assertEquals(2, read.config().rank());
        for (int layer = 0; layer < 2; layer++) {
            String module = "model.layers." + layer + ".self_attn.v_proj";
            WeightChange change = new WeightChange(
                    read.config().scale(),
                    tensor(read.adapter(), module + ".lora_A"),
                    tensor(read.adapter(), module + ".lora_B"),
                    false);
            double[] row = new double[16];
            change.addTo(row, 7);
            assertEquals(8, row[0], 1e-6); // alpha / rank, times the rank
        }
    }

    private static Tensor tensor(Adapter adapter, String name) {
        return Objects.requireNonNull(adapter.tensors().get(name), name);
    }

    private static GgufWriter adapter(String architecture) {
        return new GgufWriter()
                .put("general.type", "adapter")
                .put("adapter.type", "lora")
                .put("general.architecture", architecture)
                .put("adapter.lora.alpha", 8f);
    }

    private void refused(GgufWriter writer, String... parts) {
        Path file = folder.resolve("other.gguf");
        writer.write(file);
        assertFails(FedHdsException.class, () -> GgufAdapter.read(file, model.config()), parts);
    }
}
