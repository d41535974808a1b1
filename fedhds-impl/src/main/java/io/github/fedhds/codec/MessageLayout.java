package io.github.fedhds.codec;

import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.util.Map;

/**
 * How a message lies in its bytes: a header whose digest is still open, and the tensors behind it, in their order.
 *
 * @param bytes length of both
 */
record MessageLayout(byte[] header, Map<String, PendingTensor> tensors, long bytes) {
    static MessageLayout of(FieldWriter fields) {
        fields.texts.put(MessageSeal.FIELD, MessageSeal.OPEN);
        Map<String, PendingTensor> tensors = SafetensorsWriter.ordered(fields.tensors);
        byte[] header = SafetensorsWriter.header(tensors, fields.texts);
        long bytes = header.length
                + tensors.values().stream().mapToLong(PendingTensor::bytes).sum();
        MessageChecks.check("bytes of the header", header.length - 8L, fields.limits.headerBytes());
        MessageChecks.check("bytes of the message", bytes, fields.limits.bytes());
        return new MessageLayout(header, tensors, bytes);
    }
}
