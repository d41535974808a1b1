package io.github.fedhds.internal.safetensors;

import io.github.fedhds.adapter.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.util.Map;
import java.util.TreeMap;

/** A safetensors file in memory, for tests. */
public final class SafetensorsBytes {
    private SafetensorsBytes() {}

    /** The bytes of a file in F32. */
    public static byte[] of(Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, PendingTensor> pending = new TreeMap<>();
        tensors.forEach((name, tensor) -> pending.put(name, PendingTensor.of(name, tensor, Dtype.F32)));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            new SafetensorsWriter(pending, metadata).writeTo(Channels.newChannel(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
