package io.github.fedhds.internal.safetensors;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private static byte[] file(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
    }

    private static String entry(String name, String dtype, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets
                + "}";
    }

    private static Tensor tensor(float... values) {
        return new Tensor(new int[] {values.length}, values);
    }

    @Test
    void write_thenOpen_givesTheSame() throws IOException {
        Tensor matrix = new Tensor(new int[] {2, 3}, new float[] {1, -0f, 1e38f, Float.MIN_VALUE, Float.NaN, 3});
        Map<String, Tensor> tensors = Map.of(
                "b",
                matrix,
                "a",
                new Tensor(new int[0], new float[] {7}),
                "é\"\\",
                new Tensor(new int[] {0, 4}, new float[0]));
        Path path = folder.resolve("new/file.safetensors");
        SafetensorsWriter.write(path, tensors, Map.of("format", "pt", "note", "ä\n"));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(List.of("a", "b", "é\"\\"), List.copyOf(file.names()));
            assertEquals(Map.of("format", "pt", "note", "ä\n"), file.metadata());
            for (String name : file.names()) {
                assertEquals(tensors.get(name), file.readTensor(name));
            }
            assertEquals(Dtype.F32, file.dtype("b"));
            ByteBuffer raw = file.read("b");
            assertEquals(24, raw.remaining());
            assertTrue(raw.isReadOnly());
            assertEquals(1f, raw.getFloat(0));
            assertEquals(0, file.read("é\"\\").remaining());
        }
        assertEquals(Set.of("file.safetensors"), names(path));
        assertArrayEquals(
                Files.readAllBytes(path), SafetensorsBytes.of(tensors, Map.of("note", "ä\n", "format", "pt")));
    }

    private static Set<String> names(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path.getParent())) {
            return Set.copyOf(files.map(p -> p.getFileName().toString()).toList());
        }
    }

    @Test
    void write_always_hasTheseBytes() {
        String header =
                "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} ";
        ByteBuffer expected = ByteBuffer.wrap(file(header, 8)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, header.length() % 8);
        expected.putFloat(8 + header.length(), 1.5f).putFloat(12 + header.length(), -2f);
        assertArrayEquals(expected.array(), SafetensorsBytes.of(Map.of("a", tensor(1.5f, -2f)), Map.of("k", "v")));
    }

    @Test
    void write_inAnotherMapOrder_givesTheSameBytes() {
        Map<String, Tensor> forth = new LinkedHashMap<>();
        Map<String, Tensor> back = new LinkedHashMap<>();
        for (int i = 0; i < 20; i++) {
            forth.put("t" + i, tensor(i));
            back.put("t" + (19 - i), tensor(19 - i));
        }
        assertArrayEquals(SafetensorsBytes.of(forth, Map.of()), SafetensorsBytes.of(back, Map.of()));
    }

    @Test
    void write_asHalf_roundsToNearestEven() {
        float[] values = {1f, 1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 0x1p-24f, 65504f, Float.POSITIVE_INFINITY};
        Path path = folder.resolve("half");
        SafetensorsWriter.write(path, Map.of("a", tensor(values)), Map.of(), Dtype.F16);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(Dtype.F16, file.dtype("a"));
            assertArrayEquals(
                    new float[] {1f, 1f, 1 + 0x1p-9f, 0x1p-24f, 65504f, Float.POSITIVE_INFINITY}, file.readFloats("a"));
        }
        SafetensorsWriter.write(path, Map.of("a", tensor(1 + 0x1p-8f, 1e38f)), Map.of(), Dtype.BF16);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertArrayEquals(new float[] {1f, HalfFloats.fromBf16(HalfFloats.toBf16(1e38f))}, file.readFloats("a"));
        }
    }

    @Test
    void write_whatCannotStandInAFile_isRefusedAndKeepsTheOldFile() throws IOException {
        Path path = folder.resolve("file");
        SafetensorsWriter.write(path, Map.of("a", tensor(1)), Map.of());
        byte[] before = Files.readAllBytes(path);
        assertFails(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.write(path, Map.of("big", tensor(1, 65520)), Map.of(), Dtype.F16),
                "tensor big holds 65520.0 at 1");
        assertThrows(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.write(path, Map.of("__metadata__", tensor(1)), Map.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.write(path, Map.of("\ud800", tensor(1)), Map.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.write(path, Map.of("a", tensor(1)), Map.of(), Dtype.F64));
        assertArrayEquals(before, Files.readAllBytes(path));
        assertEquals(Set.of("file"), names(path));
        Path under = path.resolve("below-a-file");
        assertThrows(FedHdsException.class, () -> SafetensorsWriter.write(under, Map.of(), Map.of()));
    }

    @Test
    void stream_mixedTypes_areAlignedAndComeBack() {
        Path path = folder.resolve("mixed.safetensors");
        Map<String, PendingTensor> tensors = new HashMap<>();
        for (Dtype dtype : Dtype.values()) {
            byte[] bytes = new byte[3 * dtype.bytes()];
            Arrays.fill(bytes, (byte) dtype.ordinal());
            tensors.put(
                    "t" + dtype,
                    new PendingTensor(dtype, new int[] {3, 1}, channel -> channel.write(ByteBuffer.wrap(bytes))));
        }
        new SafetensorsWriter(tensors, Map.of()).writeTo(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (Dtype dtype : Dtype.values()) {
                assertEquals(dtype, file.dtype("t" + dtype));
                assertArrayEquals(new int[] {3, 1}, file.shape("t" + dtype));
                ByteBuffer two = ByteBuffer.allocate(2);
                file.read("t" + dtype, 1, two);
                assertArrayEquals(new byte[] {(byte) dtype.ordinal(), (byte) dtype.ordinal()}, two.array());
            }
            ByteBuffer ten = ByteBuffer.allocate(10);
            assertThrows(IndexOutOfBoundsException.class, () -> file.read("tF32", 3, ten));
            assertThrows(FedHdsException.class, () -> file.read("none", 0, ten));
        }
    }

    @Test
    void stream_tensorOfOtherLengthThanItsForm_isRefusedAndLeavesNothing() {
        Path path = folder.resolve("bad.safetensors");
        for (int length : new int[] {7, 9}) {
            PendingTensor bad = new PendingTensor(
                    Dtype.F32, new int[] {2}, channel -> channel.write(ByteBuffer.wrap(new byte[length])));
            assertFails(
                    IllegalStateException.class,
                    () -> new SafetensorsWriter(Map.of("x", bad), Map.of()).writeTo(path),
                    "tensor x wrote " + length + " bytes, its form has 8");
        }
        assertFails(
                IllegalArgumentException.class, () -> new PendingTensor(Dtype.F32, new int[] {-1}, c -> {}), "[-1]");
        assertFalse(Files.exists(path));
    }

    @Test
    void readFloats_everyFloatingType_isConverted() {
        String header = "{" + entry("d", "F64", "[2]", "[0,16]") + "," + entry("i", "I64", "[1]", "[16,24]") + ","
                + entry("s", "F64", "[]", "[24,32]") + "}";
        ByteBuffer bytes = ByteBuffer.wrap(file(header, 32)).order(ByteOrder.LITTLE_ENDIAN);
        int data = 8 + header.length();
        bytes.putDouble(data, 0.1)
                .putDouble(data + 8, -1e300)
                .putLong(data + 16, 5)
                .putDouble(data + 24, 2);
        SafetensorsFile file = SafetensorsFile.of("message", bytes.array());
        assertArrayEquals(new float[] {0.1f, Float.NEGATIVE_INFINITY}, file.readFloats("d"));
        assertArrayEquals(new float[] {2}, file.readFloats("s"));
        assertEquals(5, file.read("i").getLong());
        assertFails(FedHdsException.class, () -> file.readFloats("i"), "message: tensor i is I64");
        assertThrows(FedHdsException.class, () -> file.shape("none"));
    }

    @Test
    void open_fileAbove2GiB_readsItsEnds() throws IOException {
        // Sparse: takes no space on disk where the file system knows holes.
        long big = 3L << 30;
        String header = "{" + entry("a", "F16", "[2]", "[0,4]") + ","
                + entry("big", "U8", "[3,1073741824]", "[4," + (4 + big) + "]") + ","
                + entry("z", "F32", "[1]", "[" + (4 + big) + "," + (8 + big) + "]") + "}";
        Path path = folder.resolve("sparse");
        try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.write(file(header, 0));
            raw.setLength(8 + header.length() + 8 + big);
            raw.seek(8 + header.length() + 4 + big);
            raw.write(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(6.5f)
                    .array());
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertArrayEquals(new float[] {6.5f}, file.readFloats("z"));
            assertEquals(6.5f, file.read("z").getFloat());
            assertFails(FedHdsException.class, () -> file.read("big"), "3221225472 bytes, more than an array can hold");
        }
    }

    @Test
    void readFloats_closedOrCutFile_isATypedError() throws IOException {
        Path path = folder.resolve("file");
        SafetensorsWriter.write(path, Map.of("a", tensor(1, 2, 3)), Map.of());
        SafetensorsFile file = SafetensorsFile.open(path);
        try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.setLength(raw.length() - 1);
        }
        assertThrows(FedHdsException.class, () -> file.readFloats("a"));
        assertThrows(FedHdsException.class, () -> file.read("a"));
        file.close();
        file.close();
        assertThrows(FedHdsException.class, () -> file.readFloats("a"));
        assertThrows(FedHdsException.class, () -> SafetensorsFile.open(folder.resolve("absent")));
        assertThrows(FedHdsException.class, () -> SafetensorsFile.open(folder));
    }

    static Stream<Arguments> brokenFiles() {
        String good = entry("a", "F32", "[2]", "[0,8]");
        return Stream.of(
                Arguments.of(
                        "shape and range",
                        "{" + entry("a", "F32", "[3]", "[0,8]") + "}",
                        8,
                        "tensor a: shape [3] of F32 has 12 bytes"),
                Arguments.of("unknown dtype", "{" + entry("a", "F99", "[2]", "[0,8]") + "}", 8, "dtype must be one of"),
                Arguments.of(
                        "hole at the start",
                        "{" + entry("a", "F32", "[1]", "[4,8]") + "}",
                        8,
                        "without hole or overlap"),
                Arguments.of(
                        "hole between",
                        "{" + good + "," + entry("b", "U8", "[1]", "[9,10]") + "}",
                        10,
                        "tensor b: data_offsets must join"),
                Arguments.of(
                        "overlap",
                        "{" + good + "," + entry("b", "U8", "[1]", "[7,8]") + "}",
                        8,
                        "tensor b: data_offsets must join"),
                Arguments.of(
                        "same range",
                        "{" + good + "," + entry("b", "F32", "[2]", "[0,8]") + "}",
                        8,
                        "without hole or overlap"),
                Arguments.of("beyond the end", "{" + good + "}", 7, "its bytes end at 8, the file has 7"),
                Arguments.of("bytes left", "{" + good + "}", 9, "1 bytes after the last tensor"),
                Arguments.of("no tensor but bytes", "{}", 1, "belong to none"),
                Arguments.of("twice", "{" + good + "," + good + "}", 8, "tensor a: stands twice"),
                Arguments.of("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "stands twice"),
                Arguments.of("metadata key twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "names a twice"),
                Arguments.of("metadata number", "{\"__metadata__\":{\"a\":1}}", 0, "must be a text"),
                Arguments.of("metadata null", "{\"__metadata__\":null}", 0, "must be a JSON object"),
                Arguments.of("missing dtype", "{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "dtype is missing"),
                Arguments.of(
                        "missing shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", 0, "shape is missing"),
                Arguments.of(
                        "missing offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, "data_offsets is missing"),
                Arguments.of("unknown key", "{\"a\":{\"dtype\":\"U8\",\"x\":[0]}}", 0, "nothing else"),
                Arguments.of("dtype twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "each once"),
                Arguments.of("three offsets", "{" + entry("a", "U8", "[0]", "[0,0,0]") + "}", 0, "more than 2"),
                Arguments.of("one offset", "{" + entry("a", "U8", "[0]", "[0]") + "}", 0, "must be two numbers"),
                Arguments.of("negative", "{" + entry("a", "U8", "[-1]", "[0,0]") + "}", 0, "whole numbers from 0"),
                Arguments.of("fraction", "{" + entry("a", "U8", "[1.0]", "[0,1]") + "}", 1, "whole numbers from 0"),
                Arguments.of("exponent", "{" + entry("a", "U8", "[1e0]", "[0,1]") + "}", 1, "whole numbers from 0"),
                Arguments.of("number as text", "{" + entry("a", "U8", "[\"1\"]", "[0,1]") + "}", 1, "must be a number"),
                Arguments.of(
                        "end before begin", "{" + entry("a", "U8", "[1]", "[1,0]") + "}", 1, "data_offsets span -1"),
                Arguments.of(
                        "2^64 and more",
                        "{" + entry("a", "U8", "[18446744073709551617]", "[0,1]") + "}",
                        1,
                        "whole numbers from 0"),
                Arguments.of(
                        "shape overflows",
                        "{" + entry("a", "F64", "[2147483647,2147483647,2147483647]", "[0,8]") + "}",
                        8,
                        "its shape overflows"),
                Arguments.of(
                        "overflow to 0",
                        "{" + entry("a", "F32", "[1073741824,1073741824,4]", "[0,0]") + "}",
                        0,
                        "its shape overflows"),
                Arguments.of(
                        "huge shape, no bytes",
                        "{" + entry("a", "F32", "[2147483647,1024]", "[0,0]") + "}",
                        0,
                        "data_offsets span 0"),
                Arguments.of(
                        "axis beyond int",
                        "{" + entry("a", "U8", "[2147483648,0]", "[0,0]") + "}",
                        0,
                        "an axis may be"),
                Arguments.of(
                        "65 axes",
                        "{" + entry("a", "U8", "[" + "1,".repeat(64) + "1]", "[0,1]") + "}",
                        1,
                        "more than 64"),
                Arguments.of("nesting in shape", "{\"a\":{\"shape\":" + "[".repeat(1_000_000), 0, "must be a number"),
                Arguments.of(
                        "nesting in metadata",
                        "{\"__metadata__\":{\"a\":" + "{\"a\":".repeat(300_000),
                        0,
                        "must be a text"),
                Arguments.of("nesting of tensors", "{\"a\":".repeat(300_000), 0, "nothing else"),
                Arguments.of("array", "[1]", 0, "must begin with {"),
                Arguments.of("space first", " {}", 0, "must begin with {"),
                Arguments.of("unclosed", "{" + good, 8, "not valid JSON"),
                Arguments.of("two objects", "{}{}", 0, "JSON"),
                Arguments.of("comment", "{/* */}", 0, "not valid JSON"),
                Arguments.of("single quotes", "{'a':1}", 0, "not valid JSON"),
                Arguments.of("comma at the end", "{" + good + ",}", 8, "not valid JSON"),
                Arguments.of("NUL after", "{}\0", 0, "JSON"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenFiles")
    void of_brokenFile_isRefusedByName(String name, String header, int dataBytes, String expected) {
        byte[] bytes = file(header, dataBytes);
        String message = assertFails(FedHdsException.class, () -> SafetensorsFile.of("x.safetensors", bytes), expected);
        assertTrue(message.startsWith("x.safetensors: "), message);
        assertTrue(message.length() < 1000, message);
    }

    @Test
    void of_brokenLength_isRefused() {
        for (long length : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 100_000_000, 11, 1, 0}) {
            byte[] bytes = file("{}        ", 0);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            assertFails(FedHdsException.class, () -> SafetensorsFile.of("x", bytes), "the header");
        }
        assertThrows(FedHdsException.class, () -> SafetensorsFile.of("x", new byte[7]));
    }

    @Test
    void of_pointerOfGitLfs_isRefusedByThatName() {
        byte[] pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\n".getBytes(StandardCharsets.UTF_8);
        assertFails(FedHdsException.class, () -> SafetensorsFile.of("x", pointer), "git lfs pull");
    }

    @Test
    void of_headerThatIsNotUtf8_isRefused() {
        byte[] bytes = file("{\"a\":1}", 0);
        bytes[10] = (byte) 0xff;
        assertFails(FedHdsException.class, () -> SafetensorsFile.of("x", bytes), "not UTF-8");
    }

    @Test
    void of_tensorsOutOfNameOrderAndEmptyOnes_isRead() {
        String header = "{" + entry("b", "U8", "[1]", "[0,1]") + "," + entry("a", "BOOL", "[2]", "[1,3]") + ","
                + entry("e", "F64", "[0]", "[1,1]") + "," + entry("f", "F64", "[5,0]", "[3,3]") + "}   ";
        SafetensorsFile file = SafetensorsFile.of("x", file(header, 3));
        assertEquals(List.of("a", "b", "e", "f"), List.copyOf(file.names()));
        assertEquals(new Tensor(new int[] {5, 0}, new float[0]), file.readTensor("f"));
        assertTrue(SafetensorsFile.of("x", file("{}", 0)).names().isEmpty());
    }
}
