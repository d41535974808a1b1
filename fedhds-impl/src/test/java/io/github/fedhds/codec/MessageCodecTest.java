package io.github.fedhds.codec;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessageCodecTest {
    private static final Class<InvalidMessageException> INVALID = InvalidMessageException.class;
    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;
    private static final ClientId CLIENT = new ClientId("c");

    private final MessageCodec codec = MessageCodec.defaults();

    @TempDir
    Path folder;

    private void assertReturns(Message message) throws IOException {
        EncodedMessage form = codec.encode(message);
        byte[] bytes = form.toByteArray();
        assertEquals(bytes.length, form.bytes());
        assertEquals(bytes.length, codec.bytes(message));
        assertEquals(RoundingError.NONE, form.roundingError());
        assertEquals(message.kind(), form.kind());
        assertArrayEquals(bytes, form.toByteArray());
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        form.writeTo(stream);
        assertArrayEquals(bytes, stream.toByteArray());
        Path file = folder.resolve("message.safetensors");
        form.writeTo(file);

        ReceivedMessage expected = new ReceivedMessage(message, form.digest(), bytes.length);
        assertEquals(expected, codec.decode(bytes));
        assertEquals(expected, codec.decode(file));
        assertEquals(expected, codec.decode(new ByteArrayInputStream(bytes)));
        assertEquals(expected, codec.decode(new Trickle(new ByteArrayInputStream(bytes))));
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 5)
                .position(2)
                .put(bytes)
                .flip()
                .position(2);
        assertEquals(expected, codec.decode(direct.asReadOnlyBuffer()));
        assertEquals(2, direct.position());
    }

    /** Gives one byte at a time. */
    private static final class Trickle extends FilterInputStream {
        Trickle(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            return super.read(into, from, Math.min(1, length));
        }
    }

    @Test
    void messages_atTheirEdges_comeBackBitForBit() throws IOException {
        String longest = "\ud83e\udd8a".repeat(100);
        assertReturns(new RoundOpening(
                longest,
                1,
                IntStream.range(0, 2000)
                        .mapToObj(i -> new ClientId("\u00e4 " + i))
                        .toList(),
                0,
                MessageExamples.extremes(),
                Map.of(longest, "x".repeat(1 << 15), "SHA-256", "kind", "setting.", ""),
                Optional.of(new Frame.Signs(4096, Long.MIN_VALUE))));
        assertReturns(new RoundOpening("r", 1, List.of(), 0, Adapter.empty(), Map.of()));
        assertReturns(new CentroidReport("r", 1, new ClientId("x".repeat(200)), MessageExamples.centroids(8192, 1)));
        assertReturns(new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(3, 4096)));
        assertReturns(new CentroidReport("r", 1, CLIENT, List.of()));
        assertReturns(new CentroidReport(
                "r", 1, CLIENT, MessageExamples.centroids(3, 2), Integer.MAX_VALUE, MessageExamples.DIGEST));
        assertReturns(new CentroidReport("r", 1, CLIENT, List.of(), 1, MessageExamples.DIGEST));
        assertReturns(new GroupSelection(
                "r", 1, CLIENT, IntStream.range(0, 8192).boxed().toList(), MessageExamples.DIGEST));
        Message update = MessageExamples.update();
        for (String code : List.of("late", "not-in-round", "of-a-later-version", "z".repeat(64))) {
            assertReturns(Receipt.refused(update, new Refusal(code), ""));
            assertReturns(new Withdrawal("r", 1, CLIENT, new Refusal(code), longest, TrainingCounts.NONE));
        }
        assertReturns(Receipt.unreadable(Optional.empty(), "why"));
        assertReturns(Receipt.unreadable(Optional.of(update.key()), "why"));
        assertReturns(Receipt.refused(update, Refusal.RULE, "\u0000\t\"\\/\u2029" + longest));
        for (double loss : new double[] {
            Double.NaN, -0.0, Double.MIN_VALUE, Double.MAX_VALUE, Double.POSITIVE_INFINITY, 1.0 / 3, -1e-310
        }) {
            assertReturns(new AdapterUpdate("r", Integer.MAX_VALUE, CLIENT, Adapter.empty(), 1, loss));
        }
        assertReturns(new AdapterUpdate("r", 1, CLIENT, MessageExamples.adapter(), Integer.MAX_VALUE, 0));
    }

    /** Tensors of more than one piece and of odd lengths, so that the pieces' borders fall within blocks. */
    @Test
    void adapters_ofManyPieces_comeBackFromBytesAndStreams() throws IOException {
        assertReturns(
                new AdapterUpdate("r", 1, CLIENT, MessageExamples.random(3, 16384, 16385, 100_003, 1, 0, 65), 1, 0));
    }

    @Test
    void lowerPrecision_isReadByAnyCodec_andItsErrorIsTold() {
        Adapter adapter = MessageExamples.random(5, 70_001, 64, 130);
        AdapterUpdate update = new AdapterUpdate("r", 1, CLIENT, adapter, 3, 0.5);
        long exact = codec.encode(update).bytes();
        for (AdapterPrecision precision : List.of(AdapterPrecision.FLOAT16, AdapterPrecision.INT8)) {
            EncodedMessage form = MessageExamples.codec(precision).encode(update);
            byte[] bytes = form.toByteArray();
            double share = bytes.length / (double) exact;
            Adapter read = codec.decode(bytes).as(AdapterUpdate.class).adapter();
            assertEquals(
                    read,
                    codec.decode(new ByteArrayInputStream(bytes))
                            .as(AdapterUpdate.class)
                            .adapter());
            double largest = 0;
            double error = 0;
            double norm = 0;
            for (Map.Entry<String, Tensor> named : adapter.tensors().entrySet()) {
                Tensor other = java.util.Objects.requireNonNull(read.tensors().get(named.getKey()));
                for (int i = 0; i < other.size(); i++) {
                    double off =
                            Math.abs((double) other.get(i) - named.getValue().get(i));
                    double value = named.getValue().get(i);
                    largest = Math.max(largest, off);
                    error += off * off;
                    norm += value * value;
                }
            }
            assertEquals(largest, form.roundingError().largest(), 0, precision.name());
            assertEquals(Math.sqrt(error / norm), form.roundingError().relative(), 1e-12, precision.name());
            boolean half = precision == AdapterPrecision.FLOAT16;
            assertTrue(form.roundingError().relative() < (half ? 3e-4 : 8e-3), form.roundingError()::toString);
            assertTrue(share < (half ? 0.51 : 0.28), () -> "share of the exact form " + share);
        }
    }

    @Test
    void int8_ofZerosTinyAndHugeValues_staysFinite() {
        float[] values = new float[200];
        Arrays.fill(values, 64, 128, Float.MIN_VALUE);
        Arrays.fill(values, 128, 200, -Float.MAX_VALUE);
        Adapter adapter = new Adapter(Map.of("w", new Tensor(new int[] {200}, values)));
        byte[] bytes = MessageExamples.codec(AdapterPrecision.INT8)
                .encode(new AdapterUpdate("r", 1, CLIENT, adapter, 1, 0))
                .toByteArray();
        Tensor read = codec.decode(bytes)
                .as(AdapterUpdate.class)
                .adapter()
                .tensors()
                .values()
                .iterator()
                .next();
        for (int i = 0; i < 200; i++) {
            assertEquals(values[i], read.get(i), Math.abs(values[i]) / 254 + Float.MIN_VALUE, "value " + i);
        }
    }

    @Test
    void openings_haveAPrecisionOfTheirOwn() {
        RoundOpening opening = new RoundOpening("r", 1, List.of(), 0, MessageExamples.random(1, 1000), Map.of());
        MessageCodec half =
                MessageCodec.builder().openings(AdapterPrecision.FLOAT16).build();
        assertTrue(half.encode(opening).bytes() < 0.6 * codec.encode(opening).bytes());
        assertEquals(
                codec.encode(MessageExamples.update()).digest(),
                half.encode(MessageExamples.update()).digest());
    }

    @Test
    void receipt_withALongReason_returnsAsItWasCut() {
        Receipt receipt = Receipt.refused(MessageExamples.update(), Refusal.RULE, "\ud83e\udd8a".repeat(40_000));
        assertEquals(receipt, codec.decode(codec.encode(receipt).toByteArray()).as(Receipt.class));
        assertFails(
                INVALID,
                () -> codec.decode(codec.encode(receipt).toByteArray()).as(RoundOpening.class),
                "RoundOpening",
                "Receipt");
    }

    @Test
    void decode_aStreamThatFails_isAnErrorOfAnotherKind() {
        byte[] good = codec.encode(MessageExamples.update()).toByteArray();
        InputStream broken = new FilterInputStream(new ByteArrayInputStream(good)) {
            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                int count = super.read(into, from, Math.min(length, 100));
                if (in.available() == 0) {
                    throw new IOException("the line is dead");
                }
                return count;
            }
        };
        String message = assertFails(FedHdsException.class, () -> codec.decode(broken), "the line is dead");
        assertTrue(message.contains("cannot be read after"));
    }

    @Test
    void encoded_toAChannelThatTakesFewBytes_isWhole() throws IOException {
        EncodedMessage form = codec.encode(MessageExamples.update());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        var channel = Channels.newChannel(out);
        form.writeTo(new java.nio.channels.WritableByteChannel() {
            @Override
            public int write(ByteBuffer from) throws IOException {
                ByteBuffer few = from.slice(from.position(), Math.min(3, from.remaining()));
                int count = channel.write(few);
                from.position(from.position() + count);
                return count;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        });
        assertArrayEquals(form.toByteArray(), out.toByteArray());
    }

    /** What an older reader is told by a later writer: it keeps a code that it does not know. */
    @Test
    void receipt_withARefusalOfALaterVersion_isReadAsItCame() {
        Receipt later = Receipt.refused(MessageExamples.update(), new Refusal("quota-exhausted"), "why");
        Receipt read = codec.decode(codec.encode(later).toByteArray()).as(Receipt.class);
        assertEquals("quota-exhausted", read.refusal().orElseThrow().code());
        assertTrue(read.isRefused());
        assertEquals("update", MessageForms.name(read.answers().orElseThrow()));
    }

    @Test
    void decode_whatCannotBeRead_givesAReceiptToSendBack() {
        CentroidReport report = new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(3, 2));
        byte[] bytes = codec.encode(report).toByteArray();
        MessageCodec small = MessageCodec.of(MessageLimits.defaults().withCentroids(2));
        InvalidMessageException tooLarge = assertThrows(INVALID, () -> small.decode(bytes));
        Receipt known = tooLarge.receipt();
        assertEquals(Optional.of(Refusal.UNREADABLE), known.refusal());
        assertTrue(known.reason().contains("centroids of a report must be 2"), known.reason());
        assertEquals(Receipt.unreadable(Optional.of(report.key()), known.reason()), known);
        assertEquals(known, codec.decode(codec.encode(known).toByteArray()).message());
        bytes[bytes.length - 1] ^= 1;
        Receipt unknown = assertThrows(INVALID, () -> codec.decode(bytes)).receipt();
        assertEquals(Optional.empty(), unknown.answers(), "nothing is known of bytes whose digest is wrong");
        assertEquals(unknown, codec.decode(codec.encode(unknown).toByteArray()).message());
    }

    /** Layers of models up to the largest that are common, with all linear layers adapted, in every precision. */
    @ParameterizedTest
    @CsvSource({"32", "80", "126"})
    void limits_ofTheAdapter_letEveryModelTravel(int layers) {
        Map<String, Tensor> tensors = new HashMap<>();
        for (int layer = 0; layer < layers; layer++) {
            for (String module : List.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.down_proj")) {
                String name = "base_model.model.model.layers." + layer + "." + module;
                tensors.put(name + ".lora_A", new Tensor(new int[] {2, 3}, new float[6]));
                tensors.put(name + ".lora_B", new Tensor(new int[] {3, 2}, new float[6]));
            }
        }
        Adapter adapter = new Adapter(tensors);
        MessageLimits limits = MessageLimits.forAdapter(adapter);
        Map<String, String> settings = new HashMap<>();
        IntStream.range(0, 30).forEach(i -> settings.put("setting " + i, "x".repeat(100)));
        for (AdapterPrecision precision : AdapterPrecision.values()) {
            MessageCodec own = MessageCodec.builder()
                    .limits(limits)
                    .openings(precision)
                    .updates(precision)
                    .build();
            List<Message> messages = List.of(
                    new RoundOpening(
                            "r",
                            1,
                            IntStream.range(0, 4000)
                                    .mapToObj(i -> new ClientId("client " + i))
                                    .toList(),
                            0,
                            adapter,
                            Map.of(),
                            settings,
                            Optional.of(new Frame.Axes(new float[8], new float[16]))),
                    new AdapterUpdate("r", 1, CLIENT, adapter, 1, 0));
            for (Message message : messages) {
                assertEquals(
                        message, own.decode(own.encode(message).toByteArray()).message());
            }
        }
        if (layers > 40) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> codec.encode(new AdapterUpdate("r", 1, CLIENT, adapter, 1, 0)));
        }
    }
}
