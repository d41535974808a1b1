package io.github.fedhds.peft;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.management.ThreadMXBean;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders of a few weights, worked by hand. */
class MergedFolderTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final Class<FedHdsException> FAULT = FedHdsException.class;

    @TempDir
    Path folder;

    private final LoraConfig config = new LoraConfig(1, 2, 0, List.of("q_proj", "c_attn", "lm_head"), false);
    private Path base = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void makeBase() throws IOException {
        base = Files.createDirectories(folder.resolve("base"));
        out = folder.resolve("out");
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"llama\", \"eps\": 1e-05, \"none\": null}");
        Files.writeString(base.resolve("tokenizer.json"), "{}");
        SafetensorsWriter.write(
                base.resolve("model.safetensors"),
                Map.of("h.q_proj.weight", tensor(2, 3, 1, 2, 3, 4, 5, 6), "norm.weight", tensor(1, 2, 1, 2)),
                Map.of());
    }

    /** Whatever happens, no temporary file or folder stays. */
    @AfterEach
    void nothingIsLeftBeside() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of(),
                    files.filter(f -> !f.equals(base) && !f.equals(out)).toList());
        }
    }

    private static Tensor tensor(int rows, int columns, float... values) {
        return new Tensor(new int[] {rows, columns}, values);
    }

    private static Adapter adapter(String module, Tensor a, Tensor b) {
        return new Adapter(Map.of(module + ".lora_A", a, module + ".lora_B", b));
    }

    /** Scale 2, A = [1, 10, 100], B = [1, -1]. */
    private static Adapter adapter(String module) {
        return adapter(module, tensor(1, 3, 1, 10, 100), tensor(2, 1, 1, -1));
    }

    private void write(Adapter adapter) {
        write(adapter, out);
    }

    private void write(Adapter adapter, Path target) {
        MergedFolder.write(base, config, adapter, target);
    }

    private float[] merged(String name) {
        try (SafetensorsFile file = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            return file.readFloats(name);
        }
    }

    private JsonObject json(String name) throws IOException {
        return JsonParser.parseString(Files.readString(out.resolve(name))).getAsJsonObject();
    }

    @Test
    void write_smallFolder_addsTheProduct() throws IOException {
        write(adapter("h.q_proj"));
        assertArrayEquals(new float[] {3, 22, 203, 2, -15, -194}, merged("h.q_proj.weight"));
        assertArrayEquals(new float[] {1, 2}, merged("norm.weight"));
        for (String copied : List.of("config.json", "tokenizer.json")) {
            assertEquals(Files.readString(base.resolve(copied)), Files.readString(out.resolve(copied)));
        }
        try (SafetensorsFile file = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertEquals(Map.of("format", "pt"), file.metadata());
        }
    }

    @Test
    void write_rsLora_takesItsScale() {
        LoraConfig four = new LoraConfig(4, 2, 0, List.of("q_proj"), true);
        Tensor a = tensor(4, 3, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1);
        Tensor b = tensor(2, 4, 1, 2, 3, 4, 0, 0, 0, 0);
        MergedFolder.write(base, four, adapter("h.q_proj", a, b), out); // scale 2 / sqrt(4)
        assertArrayEquals(new float[] {6, 8, 10, 4, 5, 6}, merged("h.q_proj.weight"));
    }

    @Test
    void write_gpt2_addsTheTranspose() throws IOException {
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"gpt2\", \"tie_word_embeddings\": false}");
        SafetensorsWriter.write(
                base.resolve("model.safetensors"),
                Map.of(
                        "h.0.c_attn.weight", tensor(3, 2, 1, 2, 3, 4, 5, 6),
                        "transformer.h.1.c_attn.weight", tensor(3, 2, 0, 0, 0, 0, 0, 0),
                        "lm_head.weight", tensor(2, 3, 0, 0, 0, 0, 0, 0)),
                Map.of());
        Map<String, Tensor> tensors = new TreeMap<>();
        for (String module : List.of("transformer.h.0.c_attn", "transformer.h.1.c_attn", "lm_head")) {
            tensors.putAll(adapter(module).tensors());
        }
        write(new Adapter(tensors));
        assertArrayEquals(new float[] {3, 0, 23, -16, 205, -194}, merged("h.0.c_attn.weight"));
        assertArrayEquals(new float[] {2, -2, 20, -20, 200, -200}, merged("transformer.h.1.c_attn.weight"));
        assertArrayEquals(new float[] {2, 20, 200, -2, -20, -200}, merged("lm_head.weight")); // a plain linear layer
    }

    @Test
    void write_otherType_convertsEveryFloatAndSaysSo() throws IOException {
        PendingTensor ids = new PendingTensor(
                Dtype.I64, new int[] {1}, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[8])));
        PendingTensor three = new PendingTensor(
                Dtype.BF16,
                new int[] {3},
                channel -> AtomicFile.writeFully(
                        channel, ByteBuffer.wrap(new byte[] {(byte) 0x80, 0x3f, 0, 0x40, 0x40, 0x40})));
        PendingTensor weight = new PendingTensor(
                Dtype.F32,
                new int[] {1, 1},
                channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[] {0, 0, (byte) 0x80, 0x3f})));
        new SafetensorsWriter(Map.of("a", three, "ids", ids, "q_proj.weight", weight), Map.of())
                .writeTo(base.resolve("model.safetensors"));
        Adapter small = adapter("q_proj", tensor(1, 1, 0.5f), tensor(1, 1, 0x1p-8f)); // 2^-8 is half a step at 1
        MergedFolder.write(base, config, small, out, MergedFolder.Type.BF16);
        assertArrayEquals(new float[] {1}, merged("q_proj.weight"));
        assertEquals("bfloat16", json("config.json").get("torch_dtype").getAsString());
        assertEquals("1e-05", json("config.json").get("eps").getAsString());
        assertTrue(json("config.json").get("none").isJsonNull());
        assertFails(FAULT, () -> write(small), "out is not empty", "a new folder");
        Path second = base.resolve("second");
        MergedFolder.write(base, config, small, second, MergedFolder.Type.F32);
        try (SafetensorsFile file = SafetensorsFile.open(second.resolve("model.safetensors"))) {
            assertArrayEquals(new float[] {1 + 0x1p-8f}, file.readFloats("q_proj.weight"));
            assertArrayEquals(new float[] {1, 2, 3}, file.readFloats("a"));
            assertEquals(Dtype.F32, file.dtype("a"));
            assertEquals(Dtype.I64, file.dtype("ids"));
        }
    }

    @Test
    void write_newerConfig_changesItsOwnKey() throws IOException {
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"llama\", \"dtype\": \"bfloat16\"}");
        MergedFolder.write(base, config, adapter("h.q_proj"), out, MergedFolder.Type.F16);
        assertEquals(
                "{\"model_type\":\"llama\",\"dtype\":\"float16\"}",
                json("config.json").toString());
    }

    @Test
    void write_shards_staysShardsUnderTheirNames() throws IOException {
        Files.delete(base.resolve("model.safetensors"));
        SafetensorsWriter.write(
                base.resolve("one.safetensors"), Map.of("h.q_proj.weight", tensor(2, 3, new float[6])), Map.of());
        SafetensorsWriter.write(
                base.resolve("two.safetensors"), Map.of("n", tensor(1, 2, 1, 2)), Map.of("format", "mlx"));
        String index = "{\"metadata\": {\"total_size\": 7, \"x\": 1}, \"weight_map\":"
                + " {\"h.q_proj.weight\": \"one.safetensors\", \"n\": \"two.safetensors\"}}";
        Files.writeString(base.resolve("model.safetensors.index.json"), index);
        write(adapter("h.q_proj"));
        assertEquals(index, Files.readString(out.resolve("model.safetensors.index.json")));
        try (SafetensorsFile one = SafetensorsFile.open(out.resolve("one.safetensors"));
                SafetensorsFile two = SafetensorsFile.open(out.resolve("two.safetensors"))) {
            assertArrayEquals(new float[] {2, 20, 200, -2, -20, -200}, one.readFloats("h.q_proj.weight"));
            assertEquals(Map.of("format", "mlx"), two.metadata());
        }
        MergedFolder.write(base, config, adapter("h.q_proj"), out.resolve("half"), MergedFolder.Type.F16);
        JsonObject half = json("half/model.safetensors.index.json");
        assertEquals("{\"total_size\":16,\"x\":1}", half.get("metadata").toString());
        assertEquals(JsonParser.parseString(index).getAsJsonObject().get("weight_map"), half.get("weight_map"));
    }

    @Test
    void write_adapterThatDoesNotFit_isRefusedByName() {
        assertFails(VALUE, () -> write(Adapter.empty()), "no tensor");
        assertFails(
                VALUE,
                () -> write(adapter("g.q_proj")),
                "adapter tensor g.q_proj.lora_A changes g.q_proj.weight, which " + base.resolve("model.safetensors"),
                "another model?");
        assertFails(
                VALUE,
                () -> write(adapter("h.q_proj", tensor(1, 2, 1, 2), tensor(2, 1, 1, 1))),
                "h.q_proj.weight has shape [2, 3], the adapter's h.q_proj needs [2, 2]");
        assertFails(
                VALUE,
                () -> write(new Adapter(Map.of("h.q_proj.lora_A", tensor(1, 3, 1, 2, 3)))),
                "tensor h.q_proj.lora_A has no h.q_proj.lora_B beside it");
        assertFails(
                VALUE,
                () -> write(adapter("h.q_proj", tensor(1, 3, 1, Float.NaN, 3), tensor(2, 1, 1, 1))),
                "h.q_proj.lora_A holds NaN at 1");
        assertFails(VALUE, () -> MergedFolder.write(base, config.withRank(2), adapter("h.q_proj"), out), "rank 2");
        assertFalse(Files.exists(out));
    }

    /** Where the configuration says nothing, GPT-2's head is tied and LLaMA's is not; of others it is not known. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'tie_word_embeddings': true}; tie_word_embeddings is true",
                "{'model_type': 'llama', 'tie_word_embeddings': true}; tie_word_embeddings is true",
                "{'model_type': 'gpt2', 'tie_word_embeddings': true}; tie_word_embeddings is true",
                "{'model_type': 'gpt2'}; not in config.json, model_type is \"gpt2\"",
                "{'model_type': 'gpt2', 'tie_word_embeddings': null}; not in config.json, model_type is \"gpt2\"",
                "{'model_type': 'gemma'}; not in config.json, model_type is \"gemma\"",
                "{}; not in config.json",
                "{'model_type': 'gpt2', 'tie_word_embeddings': false};",
                "{'model_type': 'llama'};",
                "{'model_type': 'mistral'};",
                "{'model_type': 'qwen2'};",
                "{'model_type': 'qwen3', 'tie_word_embeddings': null};",
            })
    void write_adapterOnHeadOrEmbedding_isRefusedWhereTheyAreTied(String json, @Nullable String fault)
            throws IOException {
        Files.writeString(base.resolve("config.json"), json.replace('\'', '"'));
        LoraConfig all = config.withTargetModules(List.of("all-linear"));
        for (String module : List.of("lm_head", "model.embed_tokens", "transformer.wte", "wte")) {
            SafetensorsWriter.write(
                    base.resolve("model.safetensors"),
                    Map.of(module + ".weight", tensor(2, 3, new float[6])),
                    Map.of());
            Path target = out.resolve(module);
            if (fault == null) {
                MergedFolder.write(base, all, adapter(module), target);
                assertTrue(Files.exists(target));
            } else {
                assertFails(
                        VALUE,
                        () -> MergedFolder.write(base, all, adapter(module), target),
                        "adapter tensor " + module + ".lora_A changes " + module + ", but the head of " + base,
                        fault,
                        "untie the base first");
                assertFalse(Files.exists(target));
            }
        }
        SafetensorsWriter.write(
                base.resolve("model.safetensors"), Map.of("h.q_proj.weight", tensor(2, 3, new float[6])), Map.of());
        write(adapter("h.q_proj"), out.resolve("other")); // the layers are free in every case
    }

    /** Every step may fail: a folder that was there before is there still, and empty. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void write_thatCannotMove_leavesTheTargetAsItWas(boolean there) throws IOException {
        if (there) {
            Files.createDirectory(out);
        }
        Object key =
                there ? Files.readAttributes(out, BasicFileAttributes.class).fileKey() : "";
        int steps = 0;
        for (int failsAt = 1; ; failsAt++) {
            CountingDisk disk = new CountingDisk(failsAt);
            try {
                MergedFolder.write(disk, base, config, adapter("h.q_proj"), out);
                break;
            } catch (FedHdsException e) {
                steps = failsAt;
                assertTrue(String.valueOf(e).contains("out: cannot be written: step"), e.toString());
            }
            assertEquals(there, Files.exists(out) && isEmpty(out), "step " + failsAt);
            assertEquals(there, Files.exists(out), "step " + failsAt);
        }
        assertEquals(there ? 3 : 1, steps); // tokenizer, weights, configuration; or the folder
        assertEquals(3, merged("h.q_proj.weight")[0]);
        if (there) { // its permissions, and what is mounted there, are its owner's
            assertEquals(
                    key, Files.readAttributes(out, BasicFileAttributes.class).fileKey());
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /** The real disk, one of whose moves fails without an effect. */
    private static final class CountingDisk implements Disk {
        private final int failsAt;
        private int steps;

        CountingDisk(int failsAt) {
            this.failsAt = failsAt;
        }

        @Override
        public Output create(Path file) throws IOException {
            return Disk.real().create(file);
        }

        @Override
        public void move(Path from, Path to) throws IOException {
            if (++steps == failsAt) {
                throw new IOException("step " + steps);
            }
            Disk.real().move(from, to);
        }

        @Override
        public void forceFolder(Path forced) throws IOException {
            Disk.real().forceFolder(forced);
        }
    }

    @Test
    void write_weightOfNoFloat_isRefused() {
        PendingTensor whole = new PendingTensor(
                Dtype.I8, new int[] {2, 3}, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[6])));
        new SafetensorsWriter(Map.of("h.q_proj.weight", whole), Map.of()).writeTo(base.resolve("model.safetensors"));
        assertFails(VALUE, () -> write(adapter("h.q_proj")), "h.q_proj.weight is of type I8");
    }

    @Test
    void write_weightTooLargeForItsType_leavesNothing() {
        Adapter large = adapter("h.q_proj", tensor(1, 3, 1, 40_000, 3), tensor(2, 1, 0, 1));
        assertFails(
                VALUE,
                () -> MergedFolder.write(base, config, large, out, MergedFolder.Type.F16),
                "h.q_proj.weight holds 80005.0 at 4, too large for F16");
        assertFalse(Files.exists(out));
    }

    @Test
    void write_incompleteBase_isNamed() throws IOException {
        Files.delete(base.resolve("model.safetensors"));
        assertFails(FAULT, () -> write(adapter("h.q_proj")), base.resolve("model.safetensors") + " is missing");
        Files.delete(base.resolve("config.json"));
        assertFails(FAULT, () -> write(adapter("h.q_proj")), base.resolve("config.json") + " is missing");
        assertFalse(Files.exists(out));
    }

    @Test
    void write_outThatIsTaken_staysAsItWas() throws IOException {
        Files.writeString(out, "a file");
        assertFails(FAULT, () -> write(adapter("h.q_proj")), out + " exists and is not a folder");
        assertEquals("a file", Files.readString(out));
        assertFails(FAULT, () -> MergedFolder.write(base, config, adapter("h.q_proj"), base), "base is not empty");
        Files.delete(out);
        Files.createDirectory(out);
        write(adapter("h.q_proj")); // an empty one is taken
        assertEquals(3, merged("h.q_proj.weight")[0]);
    }

    /** Weights of 64 MiB are merged with a few of them allocated. */
    @Test
    void write_largeTensor_allocatesRowsOnly() {
        int rows = 4096;
        byte[] row = new byte[4 * rows];
        PendingTensor weight = new PendingTensor(Dtype.F32, new int[] {rows, rows}, channel -> {
            for (int i = 0; i < rows; i++) {
                AtomicFile.writeFully(channel, ByteBuffer.wrap(row));
            }
        });
        new SafetensorsWriter(Map.of("h.q_proj.weight", weight), Map.of()).writeTo(base.resolve("model.safetensors"));
        float[] ones = new float[rows];
        Arrays.fill(ones, 1);
        Adapter adapter = adapter("h.q_proj", tensor(1, rows, ones), tensor(rows, 1, ones));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        MergedFolder.write(base, config, adapter, out);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 8 << 20, () -> allocated + " bytes were allocated");
        assertEquals(2, merged("h.q_proj.weight")[rows * rows - 1]);
    }

    @Test
    void write_wholeTinyModel_loads() {
        Path tiny = TinyModel.write(base.resolve("tiny"));
        LoraConfig queries = config.withTargetModules(List.of("q_proj")); // the tiny model has a head of its own
        MergedFolder.write(
                tiny, queries, onTiny("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"), out);
        TinyModel.load(out).close();
    }

    private static Adapter onTiny(String... modules) {
        Map<String, Tensor> tensors = new TreeMap<>();
        for (String module : modules) {
            tensors.putAll(adapter(module, tensor(1, 16, new float[16]), tensor(16, 1, new float[16]))
                    .tensors());
        }
        return new Adapter(tensors);
    }

    /** A layer, a target module, a layer of one of two modules: what the model refuses, the merge refuses. */
    @ParameterizedTest
    @CsvSource({
        "0.q_proj, 1.q_proj, , model.layers.0.self_attn.o_proj",
        "0.o_proj, 1.o_proj, , model.layers.0.self_attn.q_proj",
        "0.q_proj, 0.o_proj, , model.layers.1.self_attn",
        "1.q_proj, 1.o_proj, , model.layers.0.self_attn",
        "0.q_proj, 0.o_proj, 1.o_proj, model.layers.1.self_attn.q_proj",
    })
    void write_incompleteAdapter_isRefusedAsTheModelRefusesIt(
            String first, String second, @Nullable String third, String missing) {
        Path tiny = TinyModel.write(base.resolve("tiny"));
        LoraConfig two = new LoraConfig(1, 2, 0, List.of("q_proj", "o_proj"), false);
        Adapter partial = onTiny(Stream.of(first, second, third)
                .filter(Objects::nonNull)
                .map(name -> "model.layers." + name.replace(".", ".self_attn."))
                .toArray(String[]::new));
        Path saved = base.resolve("adapter");
        PeftFolder.write(saved, two, partial, "tiny");
        PeftFolder read = PeftFolder.read(saved);
        try (LanguageModel model = TinyModel.load(tiny)) {
            assertFails(VALUE, () -> read.on(model), "adapter tensor " + missing, ".lora_A", "is missing");
        }
        assertFails(
                VALUE,
                () -> MergedFolder.write(tiny, read.config(), read.adapter(), out),
                "adapter tensor " + missing,
                ".lora_A is missing",
                "was its file cut");
        assertFalse(Files.exists(out));
    }

    @Test
    void write_allLinear_meansTheLayersOnly() {
        Path tiny = TinyModel.write(base.resolve("tiny"));
        assertFails(
                VALUE,
                () -> MergedFolder.write(
                        tiny,
                        config.withTargetModules(List.of("all-linear")),
                        onTiny("model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"),
                        out),
                "adapter tensor model.layers.0.",
                "target module all-linear means");
        assertFalse(Files.exists(out));
    }

    /** GPT-2's original files lack the prefix of the modules. */
    @Test
    void write_gpt2WithoutOneLayer_isRefused() throws IOException {
        Files.writeString(base.resolve("config.json"), "{\"model_type\": \"gpt2\"}");
        Tensor weight = tensor(3, 2, 1, 2, 3, 4, 5, 6);
        SafetensorsWriter.write(
                base.resolve("model.safetensors"),
                Map.of("h.0.c_attn.weight", weight, "h.1.c_attn.weight", weight),
                Map.of());
        assertFails(
                VALUE,
                () -> write(adapter("transformer.h.0.c_attn")),
                "adapter tensor transformer.h.1.c_attn.lora_A is missing",
                "h.1.c_attn.weight of " + base.resolve("model.safetensors"));
        assertFalse(Files.exists(out));
    }

    @Test
    void read_adapterOnSomeLayers_isRefusedByItsOption() throws IOException {
        Path saved = base.resolve("adapter");
        PeftFolder.write(saved, config.withTargetModules(List.of("q_proj")), adapter("h.q_proj"), "base");
        Path file = saved.resolve("adapter_config.json");
        Files.writeString(file, Files.readString(file).replace("\"bias\": \"none\"", "\"layers_to_transform\": [0]"));
        assertFails(
                FAULT,
                () -> PeftFolder.read(saved),
                file.toString(),
                "option layers_to_transform is [0]",
                "all layers");
    }
}
