package io.github.fedhds.codec;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsBytes;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the codec neither writes nor reads, and that its errors name field, value and rule. */
class MessageRefusalTest {
    private static final Class<InvalidMessageException> INVALID = InvalidMessageException.class;
    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;
    private static final ClientId CLIENT = new ClientId("c");

    private final MessageCodec codec = MessageCodec.defaults();

    @TempDir
    Path folder;

    @Test
    void encode_whatCouldNotBeReadAgain_isRefused() {
        Adapter nan = new Adapter(Map.of("w", new Tensor(new int[] {2}, new float[] {0, Float.NaN})));
        assertFails(BAD, () -> codec.encode(new AdapterUpdate("r", 1, CLIENT, nan, 1, 0)), "tensor w holds NaN at 1");
        Adapter large = new Adapter(Map.of("w", new Tensor(new int[] {1}, new float[] {70000})));
        assertFails(
                BAD,
                () -> MessageExamples.codec(AdapterPrecision.FLOAT16)
                        .encode(new AdapterUpdate("r", 1, CLIENT, large, 1, 0)),
                "70000",
                "too large for F16");
        assertFails(
                BAD,
                () -> codec.encode(new AdapterUpdate("r", 1, CLIENT, Adapter.empty(), 0, 0)),
                "samples",
                "1 or more");
        assertFails(
                BAD,
                () -> codec.encode(new GroupSelection("", 1, CLIENT, List.of(), MessageExamples.DIGEST)),
                "run",
                "1 to 200");
        assertFails(
                BAD,
                () -> codec.encode(new GroupSelection("x".repeat(201), 1, CLIENT, List.of(), MessageExamples.DIGEST)),
                "run",
                "had 201");
        assertFails(
                BAD,
                () -> codec.encode(new GroupSelection("r", 0, CLIENT, List.of(), MessageExamples.DIGEST)),
                "round",
                "was 0");
        assertFails(
                BAD,
                () -> codec.encode(new GroupSelection("r", 1, CLIENT, List.of(-1), MessageExamples.DIGEST)),
                "groups",
                "was -1");
        assertFails(
                BAD,
                () -> codec.encode(new GroupSelection("r\ud83e", 1, CLIENT, List.of(), MessageExamples.DIGEST)),
                "run",
                "surrogate pair at 1");
        assertFails(
                BAD, () -> codec.encode(new GroupSelection("r", 1, CLIENT, List.of(), "ABC")), "a digest must be 64");
        for (Object[] bad : new Object[][] {
            {List.of(new Centroid(0, new double[] {0, Double.NaN})), "holds NaN"},
            {List.of(new Centroid(0, new double[] {Double.NEGATIVE_INFINITY})), "holds -Infinity"},
            {List.of(new Centroid(0, new double[0])), "1 coordinate or more"},
            {List.of(new Centroid(0, new double[1]), new Centroid(1, new double[2])), "equally many"},
            {MessageExamples.centroids(8193, 1), "must be 8192 or less, was 8193"},
            {MessageExamples.centroids(1, 4097), "must be 4096 or less, was 4097"},
        }) {
            @SuppressWarnings("unchecked")
            List<Centroid> centroids = (List<Centroid>) bad[0];
            assertFails(BAD, () -> codec.encode(new CentroidReport("r", 1, CLIENT, centroids)), (String) bad[1]);
        }
        Map<String, Tensor> many = new LinkedHashMap<>();
        IntStream.range(0, 561).forEach(i -> many.put("" + i, new Tensor(new int[0], new float[1])));
        assertFails(
                BAD,
                () -> codec.encode(new AdapterUpdate("r", 1, CLIENT, new Adapter(many), 1, 0)),
                "560 or less, was 561");
    }

    @Test
    void decode_clientsThatAreNoIds_isRefused() {
        RoundOpening opening =
                new RoundOpening("r", 1, List.of(new ClientId("\u20acab")), 0, Adapter.empty(), Map.of());
        byte[] good = codec.encode(opening).toByteArray();
        int at = good.length - 5;
        Map<byte[], String> bad = Map.of(
                new byte[] {'\n', 'a', 'a', 'a', 'a'}, "1 to 200 characters",
                new byte[] {'a', 'a', 'a', 'a', '\n'}, "1 to 200 characters",
                new byte[] {'a', '\n', '\n', 'a', 'a'}, "1 to 200 characters",
                new byte[] {'a', 0, 'a', 'a', 'a'}, "no control characters",
                new byte[] {'a', 'a', 'a', 'a', (byte) 0xe2}, "client 0 is not UTF-8",
                new byte[] {'a', '\n', (byte) 0xc0, (byte) 0x80, 'a'}, "client 1 is not UTF-8");
        bad.forEach((ids, part) -> {
            byte[] bytes = good.clone();
            System.arraycopy(ids, 0, bytes, at, 5);
            assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(bytes)), part);
        });
        RoundOpening longest =
                new RoundOpening("r", 1, List.of(new ClientId("\u20ac".repeat(200))), 0, Adapter.empty(), Map.of());
        byte[] most = codec.encode(longest).toByteArray();
        assertEquals(longest, codec.decode(most).message());
        assertFails(
                BAD,
                () -> codec.encode(
                        new RoundOpening("r", 1, List.of(new ClientId("\ud83e")), 0, Adapter.empty(), Map.of())),
                "half of a surrogate pair");
        byte[] cut = most.clone(); // 200 characters and an emoji, which overflows no byte limit
        for (int i = cut.length - 600; i < cut.length; i++) {
            cut[i] = (byte) (i < cut.length - 400 ? 'a' : '\n');
        }
        byte[] emoji = "\ud83e\udd8a".getBytes(StandardCharsets.UTF_8);
        System.arraycopy(emoji, 0, cut, cut.length - 400, emoji.length);
        assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(cut)), "the id of client 0 has more than 200");
        for (int i = most.length - 600; i < most.length; i++) {
            most[i] = 'a'; // 600 characters
        }
        assertFails(
                INVALID,
                () -> codec.decode(MessageExamples.sealed(most)),
                "the id of client 0 has more than 200 characters");
    }

    @Test
    void encode_tensorOfTooManyAxes_isRefusedAsByTheReader() {
        int[] axes = new int[65];
        Arrays.fill(axes, 1);
        Adapter deep = new Adapter(Map.of("w", new Tensor(axes, new float[1])));
        assertFails(
                BAD,
                () -> codec.encode(new AdapterUpdate("r", 1, CLIENT, deep, 1, 0)),
                "axes of tensor w must be 64 or less, was 65");
    }

    @Test
    void limits_holdForReading() {
        MessageCodec small = MessageCodec.of(new MessageLimits(4096, 2048, 2, 2, 2, 2, 1, 1000));
        Map<Message, String> refused = new LinkedHashMap<>();
        List<ClientId> three = List.of(new ClientId("a"), new ClientId("b"), new ClientId("c"));
        refused.put(
                new RoundOpening("r", 1, three, 0, Adapter.empty(), Map.of()),
                "clients of a message must be 2 or less, was 3");
        refused.put(
                new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), Map.of("a", "", "b", "")),
                "settings of an opening");
        refused.put(
                new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), Map.of("a", "x".repeat(1001))),
                "setting.a must have 1000");
        refused.put(
                new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), Map.of(), Optional.of(new Frame.Signs(3, 0))),
                "axes of a frame must be 2 or less, was 3");
        refused.put(
                new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(3, 2)), "centroids of a report must be 2");
        refused.put(
                new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(2, 3)),
                "coordinates of a centroid must be 2");
        refused.put(
                new GroupSelection("r", 1, CLIENT, List.of(1, 2, 3), MessageExamples.DIGEST),
                "groups of a selection must be 2");
        refused.put(new AdapterUpdate("r", 1, CLIENT, MessageExamples.random(1, 1, 2, 3), 1, 0), "more than 2 tensors");
        refused.put(
                new AdapterUpdate("r", 1, CLIENT, MessageExamples.random(1, 1024), 1, 0),
                "bytes of the message must be 4096");
        refused.put(
                new GroupSelection("r", 1, new ClientId("\u00e4".repeat(200)), List.of(), MessageExamples.DIGEST), "");
        refused.put(
                Receipt.refused(MessageExamples.update(), Refusal.RULE, "\u20ac".repeat(700)),
                "header must have 2 to 2048 bytes");
        refused.forEach((message, part) -> {
            byte[] bytes = codec.encode(message).toByteArray();
            if (!part.isEmpty()) {
                assertFails(INVALID, () -> small.decode(bytes), part);
                assertFails(INVALID, () -> small.decode(new ByteArrayInputStream(bytes)), part);
            } else {
                assertEquals(message, small.decode(bytes).message());
            }
        });
        MessageLimits limits = MessageLimits.defaults();
        assertFails(BAD, () -> limits.withBytes(1023), "bytes must be", "1023");
        assertFails(BAD, () -> limits.withHeaderBytes(1023), "headerBytes", "1023");
        assertFails(BAD, () -> limits.withHeaderBytes(100_000_001), "headerBytes");
        assertFails(BAD, () -> limits.withClients(0), "clients", "was 0");
        assertFails(BAD, () -> limits.withCentroids(0), "centroids", "was 0");
        assertFails(BAD, () -> limits.withDimensions(0), "dimensions", "was 0");
        assertFails(BAD, () -> limits.withTensors(1), "tensors", "was 1");
        assertFails(BAD, () -> limits.withSettings(-1), "settings", "was -1");
        assertFails(BAD, () -> limits.withText(199), "text", "was 199");
    }

    /** A message whose header text was changed, sealed again. */
    private static byte[] changed(byte[] good, UnaryOperator<String> change) {
        ByteBuffer in = ByteBuffer.wrap(good).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int length = (int) in.getLong();
        String header = new String(good, 8, length, StandardCharsets.UTF_8);
        String other = change.apply(header);
        assertNotEquals(header, other);
        byte[] text = other.getBytes(StandardCharsets.UTF_8);
        byte[] bytes = ByteBuffer.allocate(good.length - length + text.length)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(good, 8 + length, good.length - 8 - length)
                .array();
        return MessageExamples.sealed(bytes);
    }

    private void assertRefused(Message message, String what, String by, String... parts) {
        byte[] good = codec.encode(message).toByteArray();
        byte[] bad = changed(good, header -> header.replace(what, by));
        assertFails(INVALID, () -> codec.decode(bad), parts);
        assertFails(INVALID, () -> codec.decode(new ByteArrayInputStream(bad)), parts);
    }

    @Test
    void decode_fieldsAgainstTheirRules_areRefused() {
        GroupSelection selection = new GroupSelection("r", 7, CLIENT, List.of(1, 2), MessageExamples.DIGEST);
        assertRefused(selection, "fedhds-message", "fedhds-massage", "format must be fedhds-message");
        assertRefused(selection, "\"version\":\"1\"", "\"version\":\"2\"", "version 2 is not known", "later FedHDS");
        assertRefused(selection, "\"version\":\"1\"", "\"version\":\"0\"", "version", "\"0\"");
        assertRefused(selection, "\"kind\":\"selection\"", "\"kind\":\"election\"", "kind must be", "\"election\"");
        assertRefused(selection, "\"kind\":\"selection\"", "\"kind\":\"receipt\"", "groups does not belong");
        assertRefused(selection, "\"kind\":\"selection\"", "\"kind\":\"centroids\"", "tensor points is missing");
        assertRefused(selection, "\"round\":\"7\"", "\"round\":7", "metadata__ round must be a text, was a number");
        assertRefused(selection, "\"round\":\"7\",", "", "field round is missing");
        assertRefused(selection, "\"round\":\"7\",", "\"round\":\"7\",\"round\":\"7\",", "round twice");
        assertRefused(
                selection, "\"round\":\"7\",", "\"round\":\"7\",\"rounds\":\"7\",", "field rounds does not belong");
        for (String number : List.of(
                "0", "-1", "07", "+7", "7.0", "7e0", " 7", "", "2147483648", "99999999999999999999", "\u0667")) {
            assertRefused(selection, "\"round\":\"7\"", "\"round\":\"" + number + "\"", "round must be a whole number");
        }
        assertRefused(selection, "\"round\":\"7\"", "\"round\":\"" + "9".repeat(21) + "\"", "round", "20 characters");
        assertRefused(selection, "\"report\":\"0", "\"report\":\"g", "a digest must be 64 hexadecimal");
        Receipt receipt = Receipt.refused(MessageExamples.update(), Refusal.LATE, "why");
        assertRefused(receipt, "\"refusal\":\"late\"", "\"refusal\":\"LATE\"", "a refusal's code has 1 to 64");
        assertRefused(receipt, "\"refusal\":\"late\"", "\"refusal\":\"\"", "a refusal's code has 1 to 64");
        assertRefused(receipt, "\"answers\":\"update\"", "\"answers\":\"upgrade\"", "answers must be one of");
        assertRefused(selection, "\"client\":\"c\"", "\"client\":\"\"", "client must have 1 to 200");
        assertRefused(selection, "\"client\":\"c\"", "\"client\":\"\\n\"", "client id", "control");
        assertRefused(selection, "\"client\":\"c\"", "\"client\":\"" + "x".repeat(201) + "\"", "client", "had 201");
        assertRefused(selection, "\"client\":\"c\"", "\"client\":\"\\ud83e\"", "client", "surrogate");
        assertRefused(selection, "\"I32\"", "\"F32\"", "groups must be I32 with 1 axis, was F32");
        assertRefused(selection, "[2]", "[2,1]", "groups must be I32 with 1 axis, was I32 [2, 1]");
        assertRefused(selection, "[2]", "[3]", "tensor groups", "12 bytes");
        assertRefused(
                selection,
                "\"groups\":",
                "\"groups\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"groups\":",
                "groups");
        assertRefused(
                selection,
                "\"groups\":",
                "\"extra\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"groups\":",
                "extra does not belong");

        AdapterUpdate update = MessageExamples.update();
        for (String number : List.of("1.5", "0x1.80p0", "nan", "0X1.8p0", "0x1.8p0 ", "")) {
            assertRefused(update, "0x1.3c0ca428c59fbp0", number, "mean-loss must be a number in hexadecimal");
        }
        assertRefused(update, "\"samples\":\"12\"", "\"samples\":\"0\"", "samples must be a whole number from 1");
        assertRefused(update, "\"adapter.empty\"", "\"other.empty\"", "other.empty does not belong");
        assertRefused(update, "\"adapter.empty\"", "\"scale.empty\"", "scale.empty must be F32 with 1 axis");
        assertRefused(update, "adapter.empty\"", "adapter." + "x".repeat(501) + "\"", "name must have 500");
        assertRefused(
                update,
                "\"adapter.empty\":{\"dtype\":\"F32\",\"shape\":[0,7]",
                "\"adapter.empty\":{\"dtype\":\"U8\",\"shape\":[0,7]",
                "must be F32, F16 or I8, was U8");
        assertRefused(
                update,
                "\"adapter.empty\":{\"dtype\":\"F32\",\"shape\":[0,7]",
                "\"scale.empty\":{\"dtype\":\"F32\",\"shape\":[0]",
                "scale.empty belongs to no tensor");

        RoundOpening opening = (RoundOpening) MessageExamples.all().get(0).message();
        assertRefused(opening, "\"frame\":\"axes\"", "\"frame\":\"none\"", "frame.axes does not belong");
        assertRefused(opening, "\"frame\":\"axes\"", "\"frame\":\"box\"", "frame must be none, signs or axes");
        assertRefused(opening, "\"frame\":\"axes\"", "\"frame\":\"signs\"", "frame.dimensions is missing");
        assertRefused(opening, "\"setting.empty\"", "\"setting.\"", "1 to 200");
        assertRefused(opening, "\"seed\":\"-9223372036854775808\"", "\"seed\":\"-9223372036854775809\"", "seed");
        assertRefused(opening, "[3,2]", "[2,3]", "must have 2 columns as the mean, had 3");
        assertRefused(opening, "[3,2]", "[6]", "must be F32 with 2 axes");
        assertRefused(
                Receipt.accepted(MessageExamples.update()),
                "\"accepted\"",
                "\"expected\"",
                "status must be",
                "\"expected\"");
        Receipt refused = Receipt.refused(MessageExamples.update(), Refusal.WRONG_SHAPE, "");
        assertRefused(refused, "\"wrong-shape\"", "\"WRONG_SHAPE\"", "a refusal's code has 1 to 64", "\"WRONG_SHAPE\"");
        assertRefused(refused, "\"refused\"", "\"accepted\"", "field refusal does not belong");

        CentroidReport report = new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(2, 3));
        assertRefused(report, "[2,3]", "[3,2]", "must have a row for each of 2 groups, had 3");
        assertRefused(report, "\"F64\"", "\"I64\"", "points must be F64");
    }

    private void assertRefused(Message message, int fromEnd, byte[] by, String... parts) {
        byte[] bad = codec.encode(message).toByteArray();
        System.arraycopy(by, 0, bad, bad.length - fromEnd, by.length);
        MessageExamples.sealed(bad);
        assertFails(INVALID, () -> codec.decode(bad), parts);
        assertFails(INVALID, () -> codec.decode(new ByteArrayInputStream(bad)), parts);
    }

    @Test
    void decode_numbersAgainstTheirRules_areRefused() {
        byte[] nan = {0, 0, (byte) 0xc0, 0x7f};
        byte[] minusOne = {-1, -1, -1, -1};
        GroupSelection selection = new GroupSelection("r", 7, CLIENT, List.of(1, 2), MessageExamples.DIGEST);
        assertRefused(selection, 8, minusOne, "ascending", "holds -1 at 0");
        assertRefused(selection, 4, new byte[] {1, 0, 0, 0}, "ascending", "holds 1 at 1");
        Tensor two = new Tensor(new int[] {2}, new float[] {1, 2});
        AdapterUpdate update = new AdapterUpdate("r", 1, CLIENT, new Adapter(Map.of("w", two)), 1, 0);
        assertRefused(update, 4, nan, "adapter.w holds NaN at 1");
        CentroidReport report = new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(1, 1));
        assertRefused(report, 12, new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xf8, 0x7f}, "points holds NaN at 0");
        assertRefused(report, 4, minusOne, "group must be 0 or more, was -1");
        Frame axes = new Frame.Axes(new float[1], new float[1]);
        assertRefused(
                new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), Map.of(), Optional.of(axes)),
                4,
                nan,
                "frame.mean holds NaN at 0");
        byte[] int8 =
                MessageExamples.codec(AdapterPrecision.INT8).encode(update).toByteArray();
        int8[int8.length - 1] = -128;
        assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(int8)), "holds -128 at 1");
        int8[int8.length - 1] = 1;
        System.arraycopy(minusOne, 0, int8, int8.length - 6, 4);
        assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(int8)), "NaN");
        int8[int8.length - 3] = (byte) 0xbf; // a scale below 0
        assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(int8)), "times -");
    }

    @Test
    void decode_moreThanOneMessage_isRefused() {
        byte[] good = codec.encode(Receipt.accepted(MessageExamples.update())).toByteArray();
        byte[] longer = Arrays.copyOf(good, good.length + 1);
        assertFails(INVALID, () -> codec.decode(longer), "digest");
        assertFails(INVALID, () -> codec.decode(MessageExamples.sealed(longer)), "belong to none");
        assertFails(INVALID, () -> codec.decode(new ByteArrayInputStream(longer)), "bytes follow");
    }

    @Test
    void decode_whatIsNoMessage_isRefused() {
        assertFails(INVALID, () -> codec.decode(new byte[0]), "0 bytes", "cut off");
        assertFails(INVALID, () -> codec.decode(new byte[500]), "no message of FedHDS");
        byte[] plain = SafetensorsBytes.of(Map.of("a", new Tensor(new int[] {90}, new float[90])), Map.of());
        assertFails(INVALID, () -> codec.decode(plain), "no message of FedHDS");
        Path missing = folder.resolve("missing");
        assertFails(FedHdsException.class, () -> codec.decode(missing), "missing", "cannot be read");
        Path file = folder.resolve("file");
        AtomicFile.write(file, new byte[500]);
        assertFails(INVALID, () -> codec.decode(file), file.toString(), "header must have");
    }
}
