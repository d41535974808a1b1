package io.github.fedhds.internal.safetensors;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.OpenFiles;
import io.github.fedhds.adapter.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
    private static final Class<FedHdsException> FAULT = FedHdsException.class;
    private static final String ONE = "model-00001-of-00002.safetensors";
    private static final String TWO = "model-00002-of-00002.safetensors";

    @TempDir
    Path folder;

    /** What failed to open holds no file open. */
    @AfterEach
    void noFileIsLeftOpen() throws IOException {
        OpenFiles.assertNoneUnder(folder);
    }

    private Path index() {
        return folder.resolve("model.safetensors.index.json");
    }

    private static Tensor tensor(float... values) {
        return new Tensor(new int[] {values.length}, values);
    }

    /** Tensors a and b in the first file, c in the second. */
    private void writeShards() {
        SafetensorsWriter.write(folder.resolve(ONE), Map.of("a", tensor(1, 2), "b", tensor(3)), Map.of());
        SafetensorsWriter.write(folder.resolve(TWO), Map.of("c", tensor(4, 5, 6)), Map.of(), Dtype.BF16);
    }

    private void writeIndex(Map<String, ?> map) throws IOException {
        JsonObject json = new JsonObject();
        json.add("metadata", new JsonObject());
        json.add("weight_map", new Gson().toJsonTree(map));
        Files.writeString(index(), new Gson().toJson(json));
    }

    private static Map<String, Object> goodMap() {
        return new TreeMap<>(Map.of("a", ONE, "b", ONE, "c", TWO));
    }

    private void open() {
        ShardedSafetensors.open(index()).close();
    }

    @Test
    void open_wholeFolder_readsEveryTensorFromItsFile() throws IOException {
        writeShards();
        writeIndex(goodMap());
        ShardedSafetensors source = ShardedSafetensors.open(index());
        try (source) {
            assertEquals(Set.of("a", "b", "c"), source.names());
            assertEquals("a", source.names().first());
            assertArrayEquals(new float[] {1, 2}, source.readFloats("a"));
            assertArrayEquals(new float[] {4, 5, 6}, source.readFloats("c"));
            assertArrayEquals(new int[] {3}, source.shape("c"));
            assertEquals(Dtype.BF16, source.dtype("c"));
            assertEquals(tensor(3), source.readTensor("b"));
            assertThrows(
                    UnsupportedOperationException.class, () -> source.names().clear());
            assertFails(FAULT, () -> source.readFloats("d"), index().toString(), "no tensor d among the 3");
        }
        assertFails(FAULT, () -> source.readFloats("a"), ONE, "tensor a cannot be read");
        source.close();
    }

    @Test
    void open_missingShard_isNamed() throws IOException {
        writeShards();
        Map<String, Object> map = goodMap();
        map.put("d", "model-00003.safetensors");
        writeIndex(map);
        assertFails(FAULT, this::open, index() + ": tensor d is placed in model-00003.safetensors, which is missing");
    }

    @Test
    void open_tensorThatIsElsewhere_isNamed() throws IOException {
        writeShards();
        Map<String, Object> map = goodMap();
        map.put("b", TWO);
        writeIndex(map);
        assertFails(FAULT, this::open, index() + ": tensor b is in " + ONE + ", weight_map places it in " + TWO);
    }

    @Test
    void open_tensorThatIsNowhere_isNamed() throws IOException {
        writeShards();
        Map<String, Object> map = goodMap();
        map.put("d", TWO);
        writeIndex(map);
        assertFails(FAULT, this::open, index() + ": tensor d is not in " + TWO);
    }

    @Test
    void open_tensorInTwoShards_isNamed() throws IOException {
        writeShards();
        SafetensorsWriter.write(folder.resolve(TWO), Map.of("b", tensor(3), "c", tensor(4)), Map.of());
        writeIndex(goodMap());
        assertFails(FAULT, this::open, index() + ": tensor b is in " + TWO + " and in " + ONE);
    }

    @Test
    void open_tensorLeftOver_isNamed() throws IOException {
        writeShards();
        Map<String, Object> map = goodMap();
        map.remove("b");
        writeIndex(map);
        assertFails(FAULT, this::open, index() + ": " + ONE + " holds tensor b, which weight_map does not list");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../" + TWO,
                "sub/" + TWO,
                "./" + TWO,
                TWO + "/",
                "sub\\" + TWO,
                "C:" + TWO,
                "/etc/passwd",
                "a\u0000b"
            })
    void open_pathThatIsNoPlainName_isNamed(String path) throws IOException {
        writeShards();
        Files.createDirectories(folder.resolve("sub"));
        Files.copy(folder.resolve(TWO), folder.resolve("sub").resolve(TWO));
        Map<String, Object> map = goodMap();
        map.put("c", path);
        writeIndex(map);
        assertFails(FAULT, this::open, index() + ": the file of tensor c must be a plain file name in this folder");
    }

    @Test
    void open_placeThatIsNoText_isNamed() throws IOException {
        writeShards();
        for (Object wrong : new Object[] {1, true, Map.of(), new String[] {ONE}}) {
            Map<String, Object> map = goodMap();
            map.put("a", wrong);
            writeIndex(map);
            assertFails(FAULT, this::open, "the file of tensor a must be a plain file name");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "{", "{}", "{\"weight_map\": {}}", "{\"weight_map\": []}", "{\"weight_map\": null}"})
    void open_indexThatIsNone_isNamed(String text) throws IOException {
        writeShards();
        Files.writeString(index(), text);
        assertFails(FAULT, this::open, index().toString());
    }

    @Test
    void open_folderOrBrokenFileAsShard_isNamed() throws IOException {
        writeShards();
        writeIndex(goodMap());
        byte[] whole = Files.readAllBytes(folder.resolve(TWO));
        for (int length = 0; length < whole.length; length++) {
            Files.write(folder.resolve(TWO), Arrays.copyOf(whole, length));
            assertFails(FAULT, this::open, TWO);
        }
        Files.delete(folder.resolve(TWO));
        Files.createDirectory(folder.resolve(TWO));
        assertFails(FAULT, this::open, TWO + ", which is missing");
    }

    /** Damaged text gives a typed error or, where the damage means nothing, the same tensors. */
    @Test
    void open_everySingleBitFlipOfTheIndex_isRefusedOrRead() throws IOException {
        writeShards();
        writeIndex(goodMap());
        byte[] good = Files.readString(index()).getBytes(StandardCharsets.UTF_8);
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] flipped = good.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(index(), flipped);
            try (ShardedSafetensors source = ShardedSafetensors.open(index())) {
                assertEquals(Set.of("a", "b", "c"), source.names());
            } catch (FedHdsException e) {
                // as it should be
            }
        }
    }
}
