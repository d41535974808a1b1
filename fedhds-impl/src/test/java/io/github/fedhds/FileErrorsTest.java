package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.monitoring.JsonLinesListener;
import io.github.fedhds.peft.MergedFolder;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.simulation.CheckpointFolder;
import io.github.fedhds.transformer.TinyModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every reader of files says of a file that is missing, in the way, or damaged: no name of a Java class. */
class FileErrorsTest {
    private static final Pattern JARGON =
            Pattern.compile("java\\.|javax\\.|ai\\.djl|gson|Exception|JsonReader|Strictness|(BEGIN|END)_[A-Z]+|line 0");

    @TempDir
    Path folder;

    private interface Reader {
        void read() throws IOException;
    }

    private final Map<String, Reader> jsonFiles = new LinkedHashMap<>();
    private final Map<String, Reader> otherFiles = new LinkedHashMap<>();

    @BeforeEach
    void writeFiles() throws IOException {
        Path model = TinyModel.write(Files.createDirectories(folder.resolve("model")));
        Files.writeString(model.resolve("generation_config.json"), "{}");
        Path sharded = TinyModel.write(Files.createDirectories(folder.resolve("sharded")));
        Files.move(sharded.resolve("model.safetensors"), sharded.resolve("one.safetensors"));
        Files.writeString(sharded.resolve("model.safetensors.index.json"), "{\"weight_map\": {}}");
        String module = "model.layers.0.self_attn.q_proj";
        Adapter adapter = new Adapter(Map.of(
                module + ".lora_A", new Tensor(new int[] {1, 16}, new float[16]),
                module + ".lora_B", new Tensor(new int[] {16, 1}, new float[16])));
        LoraConfig lora = new LoraConfig(1, 2, 0, List.of("q_proj"), false);
        PeftFolder.write(folder.resolve("adapter"), lora, adapter, "base");
        Files.createDirectories(folder.resolve("natural/tasks"));
        Files.createDirectories(folder.resolve("natural/splits/default"));
        Files.writeString(folder.resolve("natural/tasks/t.json"), "{}");
        Files.writeString(folder.resolve("natural/splits/default/train_tasks.txt"), "t\n");
        Files.writeString(folder.resolve("natural/splits/default/test_tasks.txt"), "");
        Files.createDirectories(folder.resolve("checkpoint"));

        Reader natural = () -> NaturalInstructions.builder().build().read(folder.resolve("natural"));
        Reader merge = () -> MergedFolder.write(model, lora, adapter, folder.resolve("merged"));
        jsonFiles.put("model/config.json", () -> TinyModel.load(model).close());
        jsonFiles.put("model/tokenizer.json", () -> TinyModel.load(model).close());
        jsonFiles.put(
                "model/generation_config.json", () -> TinyModel.load(model).close());
        jsonFiles.put(
                "sharded/model.safetensors.index.json",
                () -> TinyModel.load(sharded).close());
        jsonFiles.put("adapter/adapter_config.json", () -> PeftFolder.read(folder.resolve("adapter")));
        jsonFiles.put("natural/tasks/t.json", natural);
        jsonFiles.put("data.jsonl", () -> DataFile.readAll(folder.resolve("data.jsonl")));
        otherFiles.put("natural/splits/default/train_tasks.txt", natural);
        otherFiles.put("model/model.safetensors", () -> TinyModel.load(model).close());
        otherFiles.put("adapter/adapter_model.safetensors", () -> PeftFolder.read(folder.resolve("adapter")));
        otherFiles.put("checkpoint/checkpoint", () -> new CheckpointFolder(folder.resolve("checkpoint")).saved());
        otherFiles.put("message", () -> MessageCodec.builder().build().decode(folder.resolve("message")));
        jsonFiles.put("model/config.json ", merge); // the same file by another reader
    }

    private void assertPlain(String name, Reader reader, String damage) {
        String message = String.valueOf(assertThrows(RuntimeException.class, reader::read, name + " " + damage)
                .getMessage());
        assertTrue(message.contains(Path.of(name).getFileName().toString()), () -> damage + ": " + message);
        assertFalse(JARGON.matcher(message).find(), () -> damage + ": " + message);
        assertFalse(message.endsWith("null"), () -> damage + ": " + message);
    }

    @Test
    void jsonReaders_anyDamage_isToldInPlainWords() throws IOException {
        List<String> texts = List.of(
                "",
                " ",
                "[]",
                "7",
                "\"text\"",
                "null",
                "nonsense",
                "{",
                "{\"a\"",
                "{\"a\":",
                "{\"a\": 1",
                "{\"a\": 1,}",
                "{a: 1}",
                "{'a': 1}",
                "{\"a\": 1} {",
                "{\"a\": 1} x",
                "{\"a\": \"\u0001\"}",
                "{\"a\": \"\\x\"}",
                "{\"a\": NaN}",
                "{\"a\": [1,]}",
                "{\"a\": ".repeat(300),
                "[".repeat(300),
                "{\"a\": \"caf\u00E9\"}");
        for (Map.Entry<String, Reader> each : jsonFiles.entrySet()) {
            String name = each.getKey().strip();
            Path file = folder.resolve(name);
            byte[] whole = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            for (String text : texts) {
                Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1)); // the last one is not UTF-8
                assertPlain(name, each.getValue(), text);
            }
            Files.write(file, whole);
        }
    }

    @Test
    void readers_ofAMissingFileOrAFolderInItsPlace_sayWhichAndWhy() throws IOException {
        Map<String, Reader> all = new LinkedHashMap<>(jsonFiles);
        all.putAll(otherFiles);
        all.forEach((key, reader) -> {
            String name = key.strip();
            Path file = folder.resolve(name);
            boolean optional = name.endsWith("generation_config.json");
            try {
                byte[] whole = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
                Files.deleteIfExists(file);
                if (!optional && !name.equals("checkpoint/checkpoint")) {
                    assertPlain(name, reader, "missing");
                }
                Files.createDirectory(file);
                if (!optional) {
                    assertPlain(name, reader, "a folder");
                }
                Files.delete(file);
                Files.write(file, new byte[] {(byte) 0xFF, 1, 2});
                assertPlain(name, reader, "some bytes");
                Files.write(file, whole);
            } catch (IOException e) {
                throw new AssertionError(name, e);
            }
        });
    }

    @Test
    void writers_whereAFileIsInTheWay_sayWhichAndWhy() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertPlain("file", () -> AtomicFile.write(file.resolve("inside"), new byte[1]), "in the way");
        assertPlain("file", () -> FeatureCache.inFolder(file), "in the way");
        assertPlain(
                "file", () -> new JsonLinesListener(file.resolve("rounds")).resumed(List.of(), Optional.empty()), "");
        assertPlain("file", () -> SafetensorsFile.open(file.resolve("inside")), "in the way");
    }
}
