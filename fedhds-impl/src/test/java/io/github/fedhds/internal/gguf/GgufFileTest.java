package io.github.fedhds.internal.gguf;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.FileFuzz;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The container: what is written can be read, and every rule that ggml's own reader has is held. */
class GgufFileTest {
    @TempDir
    private Path folder = Path.of("");

    /** A file byte by byte: what {@link GgufWriter} would never write. */
    private static final class Raw {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Raw header(int version, long tensors, long keys) {
            return text("GGUF").int32(version).int64(tensors).int64(keys);
        }

        Raw text(String text) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Raw string(String text) {
            return int64(text.getBytes(StandardCharsets.UTF_8).length).text(text);
        }

        Raw int32(int value) {
            bytes.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
            return this;
        }

        Raw int64(long value) {
            bytes.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
            return this;
        }

        Raw bytes(int... values) {
            for (int value : values) {
                bytes.write(value);
            }
            return this;
        }

        /** A tensor of F32 with this many elements, at an offset. */
        Raw tensor(String name, long elements, long offset) {
            return string(name).int32(1).int64(elements).int32(0).int64(offset);
        }

        Raw pad() {
            while (bytes.size() % 32 != 0) {
                bytes.write(0);
            }
            return this;
        }

        byte[] done() {
            return bytes.toByteArray();
        }
    }

    private static Raw raw() {
        return new Raw();
    }

    private void refused(Raw raw, String... parts) {
        Path file = folder.resolve("raw.gguf");
        try {
            Files.write(file, raw.done());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String message =
                assertFails(FedHdsException.class, () -> GgufFile.open(file).close(), parts);
        assertTrue(message.contains("raw.gguf"), message);
    }

    private static float[] rows(GgufFile file, String name) {
        List<Float> values = new ArrayList<>();
        file.readRows(name, (row, rowValues) -> {
            for (float value : rowValues) {
                values.add(value);
            }
        });
        float[] result = new float[values.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = values.get(i);
        }
        return result;
    }

    @Test
    void writtenFile_isReadBack() {
        Path path = folder.resolve("a.gguf");
        float[] row = new float[64];
        for (int i = 0; i < row.length; i++) {
            row[i] = (i - 20) / 4f;
        }
        new GgufWriter()
                .put("text", "Grüße \uD83D\uDE80")
                .put("number", 7)
                .put("share", 0.25f)
                .put("flag", true)
                .put("texts", List.of("a", "", "b"))
                .put("numbers", List.of(-1, 2))
                .put("none", List.of())
                .add("f32", new int[] {2, 3}, GgufType.F32, () -> new float[] {1, 2, 3, 4, 5, Float.NaN})
                .add("f16", new int[] {3}, GgufType.F16, () -> new float[] {1, -2, 65504})
                .add("bf16", new int[] {1, 1}, GgufType.BF16, () -> new float[] {0.5f})
                .add("q8", new int[] {1, 64}, GgufType.Q8_0, () -> row)
                .write(path);
        try (GgufFile file = GgufFile.open(path)) {
            assertEquals(
                    "\"Grüße \uD83D\uDE80\"", file.options().json().get("text").toString());
            assertEquals(7, file.options().whole("number"));
            assertEquals(0.25, file.options().number("share"));
            assertTrue(file.options().flag("flag"));
            assertEquals(
                    "[\"a\",\"\",\"b\"]", file.options().json().get("texts").toString());
            assertEquals(List.of(-1, 2), file.options().wholes("numbers"));
            assertEquals(List.of(), file.options().wholes("none"));
            assertEquals(Set.of("f32", "f16", "bf16", "q8"), file.names());
            assertArrayEquals(new int[] {2, 3}, file.shape("f32"));
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, Float.NaN}, rows(file, "f32"));
            assertArrayEquals(new float[] {1, -2, 65504}, rows(file, "f16"));
            assertArrayEquals(new float[] {0.5f}, rows(file, "bf16"));
            assertArrayEquals(row, rows(file, "q8"), 11f / 127 / 2 * 1.01f);
            assertFails(FedHdsException.class, () -> file.shape("x"), "has no tensor x");
        }
        assertTrue(GgufFile.isGguf(path));
        assertFalse(GgufFile.isGguf(folder));
    }

    @Test
    void header_thatBreaksARule_isRefused() {
        refused(raw().text("GGUF"), "24 bytes or more, was 4");
        refused(raw().text("GGML").bytes(new int[30]), "begins with \"GGUF\"");
        refused(raw().header(1, 0, 0), "version is 1");
        refused(raw().header(4, 0, 0), "version is 4");
        refused(raw().header(3 << 24, 0, 0), "big-endian");
        refused(raw().header(3, -1, 0), "number of tensors");
        refused(raw().header(3, 1L << 40, 0), "number of tensors");
        refused(raw().header(3, 0, 1L << 62), "number of metadata keys");
        refused(raw().header(3, 0, 1).string("k").int32(13).bytes(new int[20]), "unknown type 13");
        refused(raw().header(3, 0, 1).string("").int32(4).int32(1), "key 0 of the metadata is empty");
        refused(
                raw().header(3, 0, 2)
                        .string("k")
                        .int32(4)
                        .int32(1)
                        .string("k")
                        .int32(4)
                        .int32(1),
                "the metadata has k twice");
        refused(raw().header(3, 0, 1).int64(1L << 31).bytes(new int[20]), "key 0 of the metadata must have 0 to");
        refused(raw().header(3, 0, 1).string("k").int32(8).int64(-1).bytes(new int[9]), "k must have 0 to");
        refused(raw().header(3, 0, 1).string("k").int32(8).int64(2).bytes(0xc3, 0x28), "k is not UTF-8");
        refused(raw().header(3, 0, 1).string("k").int32(7).bytes(2, 0, 0, 0), "k must be 0 or 1");
        refused(raw().header(3, 0, 1).string("k").int32(10).int64(-1), "k must be below 2^63");
        refused(raw().header(3, 0, 1).string("k").int32(9).int32(9).int64(0), "array of arrays");
        refused(raw().header(3, 0, 1).string("k").int32(9).int32(0).int64(1L << 31), "k must have 0 to");
        refused(raw().header(3, 0, 1).string("k").int32(9).int32(8).int64(3).int64(0), "k must have 0 to 1 elements");
        refused(raw().header(3, 0, 1).string("general.alignment").int32(10).int64(32), "of type 4");
        refused(raw().header(3, 0, 1).string("general.alignment").int32(4).int32(24), "power of two, was 24");
        refused(raw().header(3, 0, 1).string("general.alignment").int32(4).int32(0), "power of two, was 0");
        refused(raw().header(3, 0, 1).string("a long key").int32(4), "ends too early");
    }

    @Test
    void tensor_thatBreaksARule_isRefused() {
        String longName = "n".repeat(64);
        refused(raw().header(3, 1, 0).tensor(longName, 1, 0).pad().bytes(new int[4]), "name of tensor 0", "63");
        refused(raw().header(3, 1, 0).tensor("", 1, 0).pad().bytes(new int[4]), "name of tensor 0 is empty");
        refused(
                raw().header(3, 2, 0).tensor("t", 1, 0).tensor("t", 1, 32).pad().bytes(new int[36]),
                "tensor t: it is there twice");
        refused(raw().header(3, 1, 0).string("t").int32(5).bytes(new int[60]), "1 to 4 axes, was 5");
        refused(raw().header(3, 1, 0).string("t").int32(0).bytes(new int[60]), "1 to 4 axes, was 0");
        refused(raw().header(3, 1, 0).tensor("t", -1, 0).pad(), "length of axis 0");
        refused(raw().header(3, 1, 0).tensor("t", 0, 0).pad(), "length of axis 0");
        refused(raw().header(3, 1, 0).tensor("t", 9, 0).pad(), "was it cut off");
        refused(raw().header(3, 1, 0).tensor("t", 1, 4).pad().bytes(new int[32]), "its offset must be 0");
        refused(
                raw().header(3, 2, 0).tensor("t", 1, 0).tensor("u", 1, 64).pad().bytes(new int[96]),
                "tensor u: its offset must be 32");
        refused(
                raw().header(3, 1, 0)
                        .string("t")
                        .int32(1)
                        .int64(32)
                        .int32(16)
                        .int64(0)
                        .pad(),
                "type IQ2_XXS is not supported; supported: F32, F16");
        refused(
                raw().header(3, 1, 0)
                        .string("t")
                        .int32(1)
                        .int64(32)
                        .int32(99)
                        .int64(0)
                        .pad(),
                "unknown type 99");
        refused(
                raw().header(3, 1, 0)
                        .string("t")
                        .int32(1)
                        .int64(33)
                        .int32(8)
                        .int64(0)
                        .pad(),
                "a row has 33 elements; Q8_0 needs a multiple of 32");
        long big = Integer.MAX_VALUE;
        refused(
                raw().header(3, 1, 0)
                        .string("t")
                        .int32(4)
                        .int64(big)
                        .int64(big)
                        .int64(big)
                        .int64(big)
                        .int32(0)
                        .int64(0)
                        .pad(),
                "tensor t: long overflow");
    }

    @Test
    void shards_areOneFile() {
        for (int shard = 0; shard < 3; shard++) {
            int number = shard;
            new GgufWriter()
                    .put("split.no", shard)
                    .put("split.count", 3)
                    .put("split.tensors.count", 3)
                    .add("t" + shard, new int[] {1}, GgufType.F32, () -> new float[] {number})
                    .write(folder.resolve("m-0000%d-of-00003.gguf".formatted(shard + 1)));
        }
        try (GgufFile file = GgufFile.open(folder.resolve("m-00001-of-00003.gguf"))) {
            assertEquals(Set.of("t0", "t1", "t2"), file.names());
            assertArrayEquals(new float[] {2}, rows(file, "t2"));
        }
        assertFails(
                FedHdsException.class,
                () -> GgufFile.open(folder.resolve("m-00002-of-00003.gguf")),
                "open the first shard, named NAME-00001-of-00003.gguf");
        new GgufWriter()
                .put("split.no", 1)
                .put("split.count", 3)
                .add("t0", new int[] {1}, GgufType.F32, () -> new float[] {0})
                .write(folder.resolve("m-00002-of-00003.gguf"));
        assertFails(
                FedHdsException.class,
                () -> GgufFile.open(folder.resolve("m-00001-of-00003.gguf")),
                "tensor t0 is in an earlier shard");
        new GgufWriter().put("split.no", 2).put("split.count", 3).write(folder.resolve("m-00002-of-00003.gguf"));
        assertFails(
                FedHdsException.class,
                () -> GgufFile.open(folder.resolve("m-00001-of-00003.gguf")),
                "says that it is shard 2 of 3");
    }

    /** Bytes of a file changed at random: a value or the typed error, with no more memory than the file is worth. */
    @Test
    void damagedFile_isReadOrRefused() throws IOException {
        Path good = folder.resolve("good.gguf");
        new GgufWriter()
                .put("general.architecture", "llama")
                .put("general.alignment", 32)
                .put("tokens", List.of("a", "b", "c"))
                .put("scores", List.of(1f, 2f))
                .add("t", new int[] {2, 32}, GgufType.Q8_0, () -> new float[64])
                .add("u", new int[] {4}, GgufType.F32, () -> new float[4])
                .write(good);
        byte[] bytes = Files.readAllBytes(good);
        int cases = Integer.getInteger("fedhds.fuzz", 10_000);
        SplittableRandom random = new SplittableRandom(Long.getLong("fedhds.fuzz.seed", 2410));
        Path file = folder.resolve("damaged.gguf");
        int[] edges = {0, 1, 7, 8, 9, 12, 30, 31, 32, 64, 127, 128, 255};
        for (int i = 0; i < cases; i++) {
            byte[] damaged =
                    random.nextInt(10) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes.clone();
            for (int change = random.nextInt(3); change >= 0 && damaged.length > 0; change--) {
                damaged[random.nextInt(damaged.length)] =
                        (byte) (random.nextBoolean() ? edges[random.nextInt(edges.length)] : random.nextInt(256));
            }
            FileFuzz.read(file, damaged, () -> {
                try (GgufFile opened = GgufFile.open(file)) {
                    for (String name : opened.names()) {
                        opened.readRows(name, (row, values) -> {});
                    }
                }
            });
        }
    }

    /** Also types that the writer itself does not have: an int16, a uint64, an array of doubles. */
    @Test
    void putAll_metadataOfAnotherFile_keepsTypesAndValues() throws IOException {
        Path raw = folder.resolve("raw.gguf");
        byte[] bytes = new Raw()
                .header(3, 0, 4)
                .string("a")
                .int32(10)
                .int64(7)
                .string("b")
                .int32(9)
                .int32(12)
                .int64(2)
                .int64(Double.doubleToLongBits(0.1))
                .int64(Double.doubleToLongBits(-2))
                .string("c")
                .int32(8)
                .string("\u00E9")
                .string("d")
                .int32(9)
                .int32(8)
                .int64(0)
                .bytes
                .toByteArray();
        Files.write(raw, bytes);
        Path copy = folder.resolve("copy.gguf");
        try (GgufFile file = GgufFile.open(raw)) {
            new GgufWriter().putAll(file).write(copy);
            assertArrayEquals(bytes, Arrays.copyOf(Files.readAllBytes(copy), bytes.length));
            new GgufWriter().putAll(file).remove("b").put("c", 5).write(copy);
        }
        try (GgufFile changed = GgufFile.open(copy)) {
            assertEquals(Set.of("a", "c", "d"), changed.options().json().keySet());
            assertEquals(7, changed.options().whole("a"));
            assertEquals(5, changed.options().whole("c"));
        }
    }

    /** A copy that holds fewer bytes than its keys say would be a damaged model. */
    @Test
    void putAll_fileThatWasCutAfterItWasOpened_isRefused() throws IOException {
        Path path = folder.resolve("cut.gguf");
        new GgufWriter().put("tokens", List.of("a", "b".repeat(1000))).write(path);
        try (GgufFile file = GgufFile.open(path)) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(100);
            }
            assertFails(FedHdsException.class, () -> new GgufWriter().putAll(file), "cut.gguf", "tokens", "was cut");
        }
    }

    @Test
    void fusedAttention_isReadAsItsParts_orRefused() {
        Path path = folder.resolve("fused.gguf");
        float[] values = new float[8 * 4];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "llama")
                .put("llama.attention.head_count", 2)
                .put("llama.embedding_length", 4)
                .add("blk.0.attn_qkv.weight", new int[] {8, 4}, GgufType.F16, () -> values)
                .add("blk.0.attn_qkv.bias", new int[] {8}, GgufType.F32, () -> Arrays.copyOf(values, 8));
        writer.write(path);
        try (GgufFile file = GgufFile.open(path)) {
            assertEquals(6, file.names().size(), file.names().toString());
            assertArrayEquals(new int[] {2, 4}, file.shape("blk.0.attn_k.weight"));
            assertArrayEquals(Arrays.copyOf(values, 16), rows(file, "blk.0.attn_q.weight"));
            assertArrayEquals(Arrays.copyOfRange(values, 24, 32), rows(file, "blk.0.attn_v.weight"));
            assertArrayEquals(new float[] {4, 5}, rows(file, "blk.0.attn_k.bias"));
        }
        writer.put("llama.attention.key_length", 4).write(path);
        assertFails(
                FedHdsException.class, () -> GgufFile.open(path), "attn_qkv", "has 8 rows; needed are 8 of queries");
        writer.remove("llama.attention.key_length")
                .add("blk.0.attn_q.weight", new int[] {4, 4}, GgufType.F32, () -> new float[16]);
        writer.write(path);
        assertFails(FedHdsException.class, () -> GgufFile.open(path), "blk.0.attn_q.weight is there alone and in one");
    }

    @Test
    void addRows_otherNumberOfValues_isRefused() {
        for (int given : new int[] {0, 1, 3}) {
            GgufWriter writer = new GgufWriter().addRows("t", new int[] {2, 32}, GgufType.Q8_0, receiver -> {
                for (int row = 0; row < given; row++) {
                    receiver.accept(new float[32]);
                }
            });
            assertFails(
                    IllegalArgumentException.class,
                    () -> writer.write(folder.resolve("rows.gguf")),
                    "tensor t must have 68 bytes as Q8_0, its values give " + 34 * given);
        }
        assertFalse(Files.exists(folder.resolve("rows.gguf")));
    }
}
