package io.github.fedhds.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.message.Receipt;
import java.io.ByteArrayInputStream;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.function.Supplier;

/** What every decoder owes to any bytes: a value or a typed error, and no more memory than their length warrants. */
public final class DecoderCheck {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private DecoderCheck() {}

    /** Decodes from memory and as a stream; true if the bytes were taken. What is taken can be written and read again. */
    public static boolean message(byte[] bytes, Supplier<String> label) {
        MessageCodec codec = MessageCodec.defaults();
        ReceivedMessage memory = decoded(bytes, label, () -> codec.decode(bytes));
        ReceivedMessage stream = decoded(bytes, label, () -> codec.decode(new ByteArrayInputStream(bytes)));
        assertEquals(memory, stream, label);
        if (memory == NONE) {
            return false;
        }
        EncodedMessage again = codec.encode(memory.message());
        assertEquals(memory.message(), codec.decode(again.toByteArray()).message(), label);
        return true;
    }

    private static final ReceivedMessage NONE = new ReceivedMessage(Receipt.unreadable(Optional.empty(), ""), "", 0);

    private static ReceivedMessage decoded(byte[] bytes, Supplier<String> label, Supplier<ReceivedMessage> reading) {
        return withinMemory(2, bytes.length, label, () -> {
            try {
                return reading.get();
            } catch (InvalidMessageException e) {
                String message = String.valueOf(e.getMessage());
                if (message.length() > 2000) {
                    fail(label.get() + ": the message is too long: " + message, e);
                }
                return NONE;
            } catch (RuntimeException | Error e) {
                return fail(label.get() + ": " + e, e);
            }
        });
    }

    /** Opens safetensors and reads all its tensors; true if the bytes were taken. */
    public static boolean safetensors(byte[] bytes, Supplier<String> label) {
        return withinMemory(2, bytes.length, label, () -> {
            try (SafetensorsFile file = SafetensorsFile.of("fuzz", bytes)) {
                for (String name : file.names()) {
                    file.read(name);
                    if (file.dtype(name).readsAsFloat()) {
                        file.readFloats(name);
                    }
                }
                return true;
            } catch (FedHdsException e) {
                return false;
            } catch (RuntimeException | Error e) {
                return fail(label.get() + ": " + e, e);
            }
        });
    }

    /**
     * Fails if each of four readings allocates more than so many times the input and 1 MiB: the first ones load classes, and
     * Jazzer's agent allocates for each of them.
     */
    public static <T> T withinMemory(int times, long input, Supplier<String> label, Supplier<T> reading) {
        long most = times * input + (1 << 20);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        T result = reading.get();
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        for (int again = 0; again < 3 && allocated > most; again++) {
            allocated = allocated(() -> assertEquals(result, reading.get(), label));
        }
        long least = allocated;
        assertTrue(least <= most, () -> label.get() + ": " + least + " bytes were allocated for " + input);
        return result;
    }

    /** Makes the digest of sealed safetensors right for what the bytes hold now; in place. */
    public static byte[] sealed(byte[] bytes) {
        return MessageExamples.sealed(bytes);
    }

    /** Bytes allocated for a reading. */
    public static long allocated(Runnable reading) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        reading.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
