package io.github.fedhds.codec;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Damaged messages whose digest is right, as an attacker would make it: a value or the typed error, within 2 times the input and
 * 1 MiB of heap. {@code -Dfedhds.fuzz=10000000} asks for so many cases, {@code -Dfedhds.fuzz.seed=7} for others; case i
 * depends on seed and i alone.
 */
class MessageFuzzTest {
    private static final int CASES = Integer.getInteger("fedhds.fuzz", 80_000);
    private static final long SEED = Long.getLong("fedhds.fuzz.seed", 2410);
    private static final List<byte[]> GOOD =
            MessageExamples.all().stream().map(MessageExamples.Example::bytes).toList();

    private static final List<String> TEXTS = List.of(
            "0",
            "-1",
            "1",
            "2",
            "3",
            "7",
            "64",
            "2147483647",
            "2147483648",
            "4294967296",
            "1099511627776",
            "999999999999999999",
            "9223372036854775807",
            "1e9",
            "0.0",
            "-0",
            "NaN",
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"x\"",
            "[0]",
            "[1,1]",
            "[0,2147483647]",
            "[2147483647,2147483647,2147483647]",
            "\"F64\"",
            "\"I8\"",
            "\"U8\"",
            "\"F16\"",
            "\"BF16\"",
            "\"I32\"",
            "\"F32\"",
            "\"opening\"",
            "\"centroids\"",
            "\"selection\"",
            "\"update\"",
            "\"receipt\"",
            "\"withdrawal\"",
            "\"none\"",
            "\"signs\"",
            "\"axes\"",
            "\"groups\"",
            "\"points\"",
            "\"adapter.w\"",
            "\"scale.w\"",
            "\"scale.single\"",
            "\"frame.mean\"",
            "\"frame.axes\"",
            "\"__metadata__\"",
            "\"setting.a\"",
            "\"\\ud83e\"",
            "\"\\u0000\"",
            "\"a\\nb\"",
            "\"" + "y".repeat(600) + "\"",
            "[".repeat(300),
            "{\"a\":".repeat(100),
            ",",
            ":",
            "}",
            "{");

    @Test
    void decode_manyDamages_isReadOrRefused() {
        int taken = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bad = damaged(new SplittableRandom(SEED * 1_000_003 + i));
            int number = i;
            taken += DecoderCheck.message(bad, () -> "case " + number + " of seed " + SEED) ? 1 : 0;
        }
        System.out.printf("%d damaged messages, %d taken%n", CASES, taken);
        assertTrue(CASES < 1000 || (taken > 0 && taken < CASES / 2), "taken " + taken);
    }

    private static byte[] damaged(SplittableRandom random) {
        byte[] good = GOOD.get(random.nextInt(GOOD.size()));
        byte[] other = GOOD.get(random.nextInt(GOOD.size()));
        String header = header(good);
        byte[] data = Arrays.copyOfRange(good, 8 + header.getBytes(StandardCharsets.UTF_8).length, good.length);
        for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> header = withToken(header, random);
                case 3 -> { // a part of another message's header
                    String theirs = header(other);
                    int from = random.nextInt(theirs.length());
                    int to = Math.min(theirs.length(), from + random.nextInt(200));
                    int at = random.nextInt(header.length());
                    header = header.substring(0, at)
                            + theirs.substring(from, to)
                            + header.substring(Math.min(header.length(), at + random.nextInt(200)));
                }
                case 4 -> {
                    int at = random.nextInt(header.length());
                    header = header.substring(0, at)
                            + header.substring(Math.min(header.length(), at + random.nextInt(40)));
                }
                case 5 -> {
                    if (data.length > 0) {
                        data[random.nextInt(data.length)] ^= (byte) (1 << random.nextInt(8));
                    }
                }
                case 6 -> data = Arrays.copyOf(data, random.nextInt(data.length + 20));
                default -> {
                    for (int i = random.nextInt(8); i > 0 && data.length > 0; i--) {
                        data[random.nextInt(data.length)] = (byte) random.nextInt();
                    }
                }
            }
            if (header.isEmpty()) {
                header = " ";
            }
        }
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        if (text.length > 0 && random.nextInt(8) == 0) {
            text[random.nextInt(text.length)] = (byte) random.nextInt();
        }
        long length = random.nextInt(20) == 0 ? random.nextLong() >> random.nextInt(64) : text.length;
        byte[] bytes = ByteBuffer.allocate(8 + text.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(text)
                .put(data)
                .array();
        return random.nextInt(20) == 0 ? bytes : MessageExamples.sealed(bytes);
    }

    private static String header(byte[] message) {
        int length =
                (int) ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return new String(message, 8, length, StandardCharsets.UTF_8);
    }

    /** A number or a quoted text, beyond the digest, gives way to another. */
    private static String withToken(String header, SplittableRandom random) {
        int at = Math.min(header.length(), 95) + random.nextInt(Math.max(1, header.length() - 95));
        while (at < header.length() && header.charAt(at) != '"' && !Character.isDigit(header.charAt(at))) {
            at++;
        }
        if (at >= header.length()) {
            return header + TEXTS.get(random.nextInt(TEXTS.size()));
        }
        int end = at + 1;
        if (header.charAt(at) == '"') {
            end = Math.max(end, header.indexOf('"', at + 1) + 1);
        } else {
            while (end < header.length() && Character.isDigit(header.charAt(end))) {
                end++;
            }
        }
        return header.substring(0, at) + TEXTS.get(random.nextInt(TEXTS.size())) + header.substring(end);
    }

    /** Bytes that fit into the largest header beside the fields that these tests put there. */
    private static final int MOST = MessageLimits.defaults().headerBytes() - 500;

    private static byte[] hostile(String kind, String fields, String tensors, int data) {
        String header = "{\"__metadata__\":{\"SHA-256\":\"" + SealedSafetensors.OPEN
                + "\",\"format\":\"fedhds-message\"," + "\"kind\":\"" + kind + "\",\"version\":\"1\""
                + fields + "}" + tensors + "}";
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return MessageExamples.sealed(ByteBuffer.allocate(8 + text.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array());
    }

    private static String tensor(String name, String dtype, String shape, String end) {
        return ",\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[0," + end
                + "]}";
    }

    @Test
    void decode_hostileHeaders_allocateLittle() {
        String update = ",\"run\":\"r\",\"round\":\"1\",\"client\":\"c\",\"samples\":\"1\",\"mean-loss\":\"NaN\"";
        String report = ",\"run\":\"r\",\"round\":\"1\",\"client\":\"c\"";
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 1400; i++) {
            many.append(tensor("adapter." + i, "I8", "[0]", "0"));
        }
        StringBuilder settings = new StringBuilder();
        IntStream.range(0, 9000).forEach(i -> settings.append(",\"").append(i).append("\":\"\""));
        Map<String, byte[]> inputs = new LinkedHashMap<>();
        inputs.put(
                "2^40 numbers",
                hostile("update", update, tensor("adapter.w", "F32", "[1048576,1048576]", "4398046511104"), 9));
        inputs.put(
                "2^31 - 1 numbers",
                hostile("update", update, tensor("adapter.w", "I8", "[2147483647]", "2147483647"), 9));
        inputs.put(
                "100 million numbers",
                hostile("update", update, tensor("adapter.w", "F32", "[100000000]", "400000000"), 9));
        inputs.put(
                "2^40 centroids",
                hostile("centroids", report, tensor("points", "F64", "[1099511627776,1]", "8796093022208"), 9));
        inputs.put(
                "100 million centroids",
                hostile("centroids", report, tensor("points", "F64", "[100000000,1]", "800000000"), 9));
        inputs.put(
                "rows without columns",
                hostile(
                        "centroids",
                        report,
                        tensor("points", "F64", "[2147483647,0]", "0") + tensor("groups", "I32", "[0]", "0"),
                        0));
        inputs.put(
                "a shape that overflows",
                hostile("update", update, tensor("adapter.w", "F32", "[2147483647,2147483647,2147483647]", "0"), 9));
        inputs.put("1,400 tensors", hostile("update", update, many.toString(), 0));
        inputs.put("9,000 fields", hostile("update", settings.toString(), "", 0));
        inputs.put(
                "a long text",
                hostile(
                        "receipt",
                        ",\"status\":\"refused\",\"refusal\":\"late\",\"reason\":\"" + "x".repeat(MOST) + "\"",
                        "",
                        0));
        inputs.put(
                "a long name of wide characters",
                hostile("selection", ",\"run\":\"" + "\u20ac".repeat(MOST / 3) + "\"", "", 0));
        inputs.put(
                "a long text with one wide character",
                hostile(
                        "receipt",
                        ",\"status\":\"refused\",\"refusal\":\"late\",\"reason\":\"\u20ac" + "x".repeat(MOST) + "\"",
                        "",
                        0));
        inputs.put("a long name", hostile("receipt", ",\"" + "x".repeat(MOST) + "\":\"\"", "", 0));
        inputs.put("a long number", hostile("receipt", "", ",\"w\":{\"shape\":[" + "1".repeat(MOST) + "]}", 0));
        List<ClientId> crowd =
                IntStream.range(0, 30_000).mapToObj(i -> new ClientId("" + i)).toList();
        inputs.put(
                "many clients",
                MessageCodec.of(MessageLimits.defaults().withClients(crowd.size()))
                        .encode(new RoundOpening("r", 1, crowd, 0, Adapter.empty(), Map.of()))
                        .toByteArray());
        inputs.put("deep", hostile("receipt", "", ",\"w\":" + "[".repeat(MOST), 0));
        inputs.put(
                "a header of 100 MB",
                ByteBuffer.allocate(500)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(100_000_000)
                        .array());
        inputs.put(
                "a header beyond long",
                ByteBuffer.allocate(500)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(-1)
                        .array());
        DecoderCheck.message(inputs.get("2^40 numbers"), () -> "once, to load classes");
        inputs.forEach((name, bytes) -> {
            assertThrows(
                    InvalidMessageException.class, () -> MessageCodec.defaults().decode(bytes), name);
            long memory = DecoderCheck.allocated(() -> assertThrows(
                    InvalidMessageException.class, () -> MessageCodec.defaults().decode(bytes), name));
            System.out.printf("%s: %d bytes in, %d allocated%n", name, bytes.length, memory);
            DecoderCheck.message(bytes, () -> name);
        });
    }

    @Test
    void decode_largestAllowed_allocatesWithinTheBound() {
        List<Centroid> centroids = new ArrayList<>();
        IntStream.range(0, 8192).forEach(i -> centroids.add(new Centroid(i, new double[] {i})));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        IntStream.range(0, 560).forEach(i -> tensors.put("t" + i, new Tensor(new int[] {1}, new float[1])));
        Map<String, String> settings = new LinkedHashMap<>();
        IntStream.range(0, 1024).forEach(i -> settings.put("" + i, ""));
        ClientId c = new ClientId("c");
        List<EncodedMessage> forms = new ArrayList<>();
        MessageCodec codec = MessageCodec.defaults();
        forms.add(codec.encode(new CentroidReport("r", 1, c, centroids)));
        forms.add(codec.encode(
                new GroupSelection("r", 1, c, IntStream.range(0, 8192).boxed().toList(), MessageExamples.DIGEST)));
        forms.add(codec.encode(new AdapterUpdate("r", 1, c, new Adapter(tensors), 1, 0)));
        forms.add(codec.encode(new AdapterUpdate(
                "r", 1, c, new Adapter(Map.of("w", Tensor.of(new int[] {2_000_000}, i -> i))), 1, 0)));
        forms.add(codec.encode(new RoundOpening(
                "r",
                1,
                IntStream.range(0, 4000).mapToObj(i -> new ClientId("" + i)).toList(),
                0,
                Adapter.empty(),
                Map.of())));
        forms.add(codec.encode(new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), settings)));
        // A single wide character makes a text cost twice as much.
        forms.add(codec.encode(new RoundOpening(
                "r",
                1,
                IntStream.range(0, 4000)
                        .mapToObj(i -> new ClientId("client of name " + i + (i == 7 ? "\u20ac" : "")))
                        .toList(),
                0,
                Adapter.empty(),
                Map.of())));
        forms.add(codec.encode(new RoundOpening(
                "r",
                1,
                IntStream.range(0, 1260)
                        .mapToObj(i -> new ClientId("\u20ac" + "x".repeat(195) + (1000 + i)))
                        .toList(),
                0,
                Adapter.empty(),
                Map.of())));
        forms.add(codec.encode(new RoundOpening(
                "r",
                1,
                List.of(),
                0,
                Adapter.empty(),
                Map.of("a", "\u20ac" + "x".repeat(32_000), "b", "\u20ac".repeat(20_000)))));
        Map<String, Tensor> wide = new LinkedHashMap<>();
        IntStream.range(0, 560)
                .forEach(i -> wide.put("\u20ac" + "x".repeat(80) + i, new Tensor(new int[] {1}, new float[1])));
        forms.add(codec.encode(new AdapterUpdate("r", 1, c, new Adapter(wide), 1, 0)));
        for (EncodedMessage form : forms) {
            byte[] bytes = form.toByteArray();
            codec.decode(bytes);
            long memory = DecoderCheck.allocated(() -> codec.decode(bytes));
            long stream = DecoderCheck.allocated(() -> codec.decode(new ByteArrayInputStream(bytes)));
            System.out.printf(
                    "%s of %d bytes: %d allocated from memory, %d from a stream%n",
                    form.kind(), bytes.length, memory, stream);
            assertTrue(Math.max(memory, stream) <= 2L * bytes.length + (1 << 20), form::toString);
        }
    }

    /** With a heap of 64 MB, an adapter of half its size. */
    @Test
    void stream_ofALargeAdapter_needsNoSecondCopy() {
        int mb = Integer.getInteger("fedhds.stream.megabytes", 32);
        Map<String, Tensor> one = Map.of("t", Tensor.of(new int[] {(mb << 14) - 64}, i -> 0.5f));
        Tensor shared = one.values().iterator().next();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        IntStream.range(0, 16).forEach(i -> tensors.put("t" + i, shared));
        EncodedMessage form = MessageCodec.defaults()
                .encode(new AdapterUpdate("r", 1, new ClientId("c"), new Adapter(tensors), 1, 0));
        assertTrue(form.bytes() > 0.99 * (mb << 20));
        java.nio.file.Path file;
        try {
            file = java.nio.file.Files.createTempFile("update", ".safetensors");
            try {
                form.writeTo(file);
                long decoding =
                        DecoderCheck.allocated(() -> MessageCodec.defaults().decode(file));
                assertTrue(decoding <= 2 * form.bytes() + (1 << 20), () -> decoding + " bytes were allocated");
            } finally {
                java.nio.file.Files.delete(file);
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void stream_withoutEnd_isCutAtTheLimit() {
        byte[] head = hostile("update", "", tensor("adapter.w", "F32", "[500000000]", "2000000000"), 0);
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 0;
            }
        };
        assertThrows(
                InvalidMessageException.class,
                () -> MessageCodec.defaults().decode(new SequenceInputStream(new ByteArrayInputStream(head), endless)));
    }
}
