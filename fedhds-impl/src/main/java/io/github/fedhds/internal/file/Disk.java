package io.github.fedhds.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The steps of an atomic file write, so that no failure of process or machine leaves an incomplete file. Tests replace
 * it to let each step fail. Bytes are safe after {@link Output#force}, names after {@link #forceFolder}.
 */
public interface Disk {
    /** A file that is being written. */
    interface Output extends WritableByteChannel {
        /** Returns when the bytes written so far are on disk. */
        void force() throws IOException;
    }

    /** Opens a file for writing; previous content is lost. */
    Output create(Path file) throws IOException;

    /** Renames a file in its folder, replacing an existing file of that name. */
    void move(Path from, Path to) throws IOException;

    /** Returns when the names in a folder are on disk. */
    void forceFolder(Path folder) throws IOException;

    /** Deletes a file, if it exists. */
    default void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    /** Creates a folder and its missing parents, each with its name on disk; returns at once if it exists. */
    default void makeFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Path parent = folder.toAbsolutePath().getParent();
            if (parent != null) {
                makeFolder(parent);
            }
            Files.createDirectories(folder);
            if (parent != null) {
                forceFolder(parent);
            }
        }
    }

    /** The disk of this machine. */
    static Disk real() {
        return RealDisk.INSTANCE;
    }
}

/** The disk through Java NIO. */
enum RealDisk implements Disk {
    INSTANCE;

    @Override
    public Output create(Path file) throws IOException {
        return new RealOutput(FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE));
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // Windows cannot open a folder; its file system keeps a journal of names.
        }
    }

    private record RealOutput(FileChannel channel) implements Output {
        @Override
        public int write(ByteBuffer from) throws IOException {
            return channel.write(from);
        }

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
