package io.github.fedhds.internal.file;

import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;

/**
 * Writes a temporary file and moves it into place when it is complete: a reader sees the old content or the new one.
 */
public final class AtomicFile {
    /** Writes the content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /** An action between two steps. */
    @FunctionalInterface
    public interface Step {
        void run() throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a file and its name to disk; creates its folder if it is missing.
     *
     * @throws FedHdsException if it cannot be written; the old file is then unchanged
     */
    public static void write(Path file, Content content) {
        write(Disk.real(), file, content, true);
    }

    static void write(Disk disk, Path file, Content content, boolean force) {
        Path target = file.toAbsolutePath();
        Path folder = target.getParent();
        Path name = target.getFileName();
        if (folder == null || name == null) {
            throw new FedHdsException(file + ": is a root folder, not a file");
        }
        Path temporary = folder.resolve("." + name + "." + UUID.randomUUID() + ".tmp");
        try {
            disk.makeFolder(folder);
            replace(disk, target, temporary, content, force, () -> {});
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be written", e);
        }
    }

    /**
     * Writes the content to a temporary file, forces it to disk, moves it into place, and forces the folder. For
     * callers that own the folder and need more control than {@link #write(Path, Content)} gives.
     *
     * @param target absolute path of the file; its folder exists
     * @param temporary temporary file in the same folder; a killed process leaves it, and the next write replaces it
     * @param force whether to wait for the disk
     * @param beforeMove action when the new file is on disk and the old file is still in place
     */
    public static void replace(Disk disk, Path target, Path temporary, Content content, boolean force, Step beforeMove)
            throws IOException {
        try {
            try (Disk.Output output = disk.create(temporary)) {
                content.writeTo(output);
                if (force) {
                    output.force();
                }
            }
            beforeMove.run();
            disk.move(temporary, target);
            if (force) {
                disk.forceFolder(Objects.requireNonNull(target.getParent()));
            }
        } finally {
            disk.delete(temporary);
        }
    }

    /** Writes a file from memory. */
    public static void write(Path file, byte[] content) {
        write(file, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /**
     * The same without forcing to disk, ten times faster for small files. After a crash of the machine the file may be
     * present but damaged, so use it only for files that are checked when read and that can be lost.
     */
    public static void writeUnforced(Path file, byte[] content) {
        write(Disk.real(), file, channel -> writeFully(channel, ByteBuffer.wrap(content)), false);
    }

    /**
     * Appends bytes to an open file, all or none unless the process is killed, and waits for the disk. For text they should be
     * whole lines, so that no line follows an incomplete one.
     */
    public static void append(FileChannel file, byte[] bytes) throws IOException {
        long end = file.size();
        file.position(end);
        try {
            writeFully(file, ByteBuffer.wrap(bytes));
            file.force(false); // with the new size
        } catch (IOException e) {
            file.truncate(end);
            throw e;
        }
    }

    /** Writes all remaining bytes of a buffer. */
    public static void writeFully(WritableByteChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
