package io.github.fedhds.examples.cli;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;

/** Files that a command writes; each replaces an older one in one step, or leaves it as it was. */
final class OutputFile {
    private OutputFile() {}

    static void text(Path file, String text) {
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes lines one by one, so that they need not be in memory together. */
    static void lines(Path file, Iterator<String> lines) {
        AtomicFile.write(file, channel -> {
            while (lines.hasNext()) {
                ByteBuffer bytes = ByteBuffer.wrap((lines.next() + "\n").getBytes(StandardCharsets.UTF_8));
                AtomicFile.writeFully(channel, bytes);
            }
        });
    }

    /** Writes a safetensors file. */
    static void tensors(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        SafetensorsWriter.write(file, tensors, metadata);
    }
}
