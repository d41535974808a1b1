package io.github.fedhds.privacy;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A locked file of lines that are only appended, each on disk before the call returns. */
final class LedgerFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final FileChannel channel;

    /** A line without its end, and where it begins. */
    record Line(String text, long start) {}

    /** Takes a line; throws a RuntimeException if it is damaged. */
    interface Reader {
        void read(Line line);
    }

    private LedgerFile(FileChannel channel) {
        this.channel = channel;
    }

    /** Opens the file, or creates it in an existing folder. */
    static LedgerFile open(Path file) throws IOException {
        boolean isNew = !Files.exists(file);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (!isLocked(channel)) {
                throw new FedHdsException(
                        file + ": this file is open already, in this process or in another one; close it first, and"
                                + " give each client its own");
            }
            Path folder = file.toAbsolutePath().getParent();
            if (isNew && folder != null) {
                Disk.real().forceFolder(folder);
            }
            return new LedgerFile(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) { // another ledger of this process
            return false;
        }
    }

    /**
     * Reads all lines. A whole last line that only lacks its end gets it; one that was cut off is removed, since its bytes never left.
     *
     * @throws FedHdsException if another line is damaged
     */
    void read(Path of, Reader reader) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        long start = 0;
        int number = 0;
        channel.position(0);
        while (channel.read(buffer.clear()) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next != '\n') {
                    line.write(next);
                    continue;
                }
                number++;
                try {
                    reader.read(new Line(line.toString(StandardCharsets.UTF_8), start));
                } catch (RuntimeException e) {
                    throw new FedHdsException(
                            of + ": line " + number
                                    + " of the privacy ledger is damaged, so what was spent is not known ("
                                    + e.getMessage() + "); restore the file from a backup",
                            e);
                }
                start += line.size() + 1;
                line.reset();
            }
        }
        if (line.size() > 0) {
            try {
                reader.read(new Line(line.toString(StandardCharsets.UTF_8), start));
                AtomicFile.append(channel, new byte[] {'\n'});
            } catch (RuntimeException e) {
                channel.truncate(start);
            }
        }
    }

    /** Appends a line, and says where it begins. */
    long append(String line) throws IOException {
        long start = channel.size();
        AtomicFile.append(channel, (line + "\n").getBytes(StandardCharsets.UTF_8));
        return start;
    }

    /** The line that begins there. */
    String line(long start, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) >= 0) {}
        return new String(buffer.array(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
