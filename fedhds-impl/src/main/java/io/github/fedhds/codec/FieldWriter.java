package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.message.MessageLimits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Gathers the fields of a message that is to be written: texts, and tensors whose bytes are made when their turn comes. */
final class FieldWriter {
    final MessageLimits limits;
    final Map<String, String> texts = new TreeMap<>();
    final Map<String, PendingTensor> tensors = new TreeMap<>();
    RoundingError error = RoundingError.NONE;

    FieldWriter(MessageLimits limits) {
        this.limits = limits;
    }

    void text(String field, String value, int most) {
        texts.put(field, MessageChecks.checkText(field, value, most));
    }

    void name(String field, String value) {
        texts.put(field, MessageChecks.checkName(field, value));
    }

    void whole(String field, long value, long least) {
        if (value < least) {
            throw new InvalidMessageException(field + " must be " + least + " or more, was " + value);
        }
        texts.put(field, Long.toString(value));
    }

    /** Hexadecimal, so that every bit comes back, on every machine and JDK. */
    void number(String field, double value) {
        texts.put(field, Double.toHexString(value));
    }

    void adapter(Adapter adapter, AdapterPrecision precision) {
        error = AdapterTensors.write(adapter, precision, tensors);
    }

    /** A small tensor, filled in memory. */
    void tensor(String name, Dtype dtype, int[] shape, Consumer<ByteBuffer> content) {
        tensors.put(name, new PendingTensor(dtype, shape, channel -> {
            long bytes = dtype.bytes();
            for (int length : shape) {
                bytes *= length;
            }
            ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            content.accept(buffer);
            AtomicFile.writeFully(channel, buffer.flip());
        }));
    }
}
