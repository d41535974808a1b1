package io.github.fedhds.examples.cli;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Files that a command writes; each replaces an older one in one step, or leaves it as it was. */
final class OutputFile {
    private OutputFile() {}

    /**
     * Before the work, not after it: refuses a file that cannot be written, or that would replace the data.
     *
     * @param data file or folder that the command reads
     * @throws ParameterException the message names {@code --out}
     */
    static void check(CommandLine line, Path file, Path data) {
        Path out = real(file);
        Path folder = existing(Objects.requireNonNullElse(out.getParent(), out));
        if (out.equals(real(data)) || Files.isDirectory(data) && out.startsWith(real(data))) {
            throw new ParameterException(
                    line,
                    "--out " + file + (Files.isDirectory(data) ? " lies in --data " : " is --data ") + data
                            + ", which it would change; name a file elsewhere");
        }
        if (Files.isDirectory(out) || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new ParameterException(
                    line,
                    "--out must be a file in a folder that may be written, was " + file
                            + (Files.isDirectory(out) ? ", a folder" : "; see " + folder));
        }
    }

    /** A path or the nearest folder above it that exists. */
    static Path existing(Path path) {
        Path there = path.toAbsolutePath();
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        return there;
    }

    /** The path without links, also if the file does not exist yet. */
    private static Path real(Path file) {
        Path whole = file.toAbsolutePath().normalize();
        try {
            if (Files.exists(whole)) {
                return whole.toRealPath();
            }
            Path folder = whole.getParent();
            return folder != null && Files.exists(folder) ? folder.toRealPath().resolve(whole.getFileName()) : whole;
        } catch (IOException e) {
            return whole;
        }
    }

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
