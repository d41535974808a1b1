package io.github.fedhds.wire;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        assertEquals(MessageKind.of(message), form.kind());
        assertArrayEquals(bytes, form.toByteArray());
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        form.writeTo(stream);
        assertArrayEquals(bytes, stream.toByteArray());
        Path file = folder.resolve("message.safetensors");
        form.writeTo(file);

        ReceivedMessage expected = new ReceivedMessage(message, 1, form.digest(), bytes.length);
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
        assertReturns(new CentroidReport("r", 1, CLIENT, MessageExamples.centroids(3, 2), Integer.MAX_VALUE));
        assertReturns(new CentroidReport("r", 1, CLIENT, List.of(), 1));
        assertReturns(new GroupSelection(
                "r", 1, CLIENT, IntStream.range(0, 8192).boxed().toList()));
        for (Receipt.Refusal refusal : Receipt.Refusal.values()) {
            assertReturns(Receipt.refused(refusal, ""));
        }
        assertReturns(Receipt.refused(Receipt.Refusal.RULE, "\u0000\t\"\\/\u2029" + longest));
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
        Receipt receipt = Receipt.refused(Receipt.Refusal.RULE, "\ud83e\udd8a".repeat(40_000));
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

    @Test
    void key_namesWhatMakesAMessageTheSame() {
        for (MessageExamples.Example example : MessageExamples.all()) {
            ReceivedMessage read = codec.decode(example.bytes());
            Optional<MessageKey> key = read.key();
            assertEquals(example.message() instanceof Receipt, key.isEmpty());
            key.ifPresent(k -> {
                assertEquals(example.attempt(), k.attempt());
                assertEquals(read.kind(), k.kind());
                assertEquals(read.kind() == MessageKind.OPENING, k.client().isEmpty());
            });
        }
        ReceivedMessage first =
                codec.decode(codec.encode(MessageExamples.update()).toByteArray());
        ReceivedMessage again =
                codec.decode(codec.encode(MessageExamples.update(), 2).toByteArray());
        assertNotEquals(first.key(), again.key());
        assertEquals(
                Optional.of(new MessageKey("run", 7, Optional.of(MessageExamples.CLIENT), MessageKind.UPDATE, 1)),
                first.key());
    }
}
