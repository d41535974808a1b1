package io.github.fedhds.features;

import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file per row: a crash, a full disk or another process can affect only single rows, and no index can become
 * inconsistent. Little-endian: magic number, version, number of columns (4 bytes each), the values as float32, then
 * SHA-256 of the key and all these bytes. A row's time of last change is that of its last use.
 */
final class FolderFeatureCache extends KeyedRows {
    private static final Logger LOG = LoggerFactory.getLogger(FolderFeatureCache.class);
    private static final int MAGIC = 0x46_44_48_52;
    private static final int VERSION = 1;
    private static final int HEAD = 12;
    private static final int DIGEST = 32;

    private static final Pattern FOLDER = Pattern.compile("[0-9a-f]{2}");

    /** A row, or a temporary file of one; both count towards the limit. */
    private static final Pattern FILE = Pattern.compile("[0-9a-f]{62}\\.row|\\.[0-9a-f]{62}\\.row\\..*\\.tmp");

    /** A temporary file that is older was left by a killed process; a younger one may be being written. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final Path folder;
    private final long limit;
    private final Disk disk;

    /** Bytes that this object may still write before it looks at the folder again; nothing is known of it at first. */
    private final AtomicLong room = new AtomicLong();

    private final Lock eviction = new ReentrantLock();

    private record RowFile(Path path, long bytes, FileTime used) {}

    FolderFeatureCache(Path folder, long limit, Disk disk) {
        if (limit < 1) {
            throw new IllegalArgumentException("bytes must be 1 or more, was " + limit);
        }
        this.folder = folder;
        this.limit = limit;
        this.disk = disk;
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder);
            }
            Files.delete(Files.createTempFile(folder, ".probe", ".tmp")); // fails now instead of after hours
        } catch (IOException e) {
            throw new FedHdsException(
                    "cannot write to the feature cache " + folder + ": " + FileFault.reason(folder, e)
                            + "; name a folder that may be written",
                    e);
        }
    }

    private Path file(String key) {
        return folder.resolve(key.substring(0, 2)).resolve(key.substring(2) + ".row");
    }

    @Override
    Optional<float[]> find(String key, int columns) {
        Path file = file(key);
        int size = HEAD + 4 * columns + DIGEST;
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(size + 1); // one more, to detect a file that is too long
        } catch (NoSuchFileException | ClosedByInterruptException e) {
            return Optional.empty(); // after an interrupt the file may be valid
        } catch (IOException e) {
            return damaged(file, "cannot be read: " + FileFault.reason(file, e));
        }
        if (bytes.length != size) {
            return damaged(
                    file, "has " + (bytes.length > size ? "more than " + size : bytes.length) + " bytes, not " + size);
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getInt() != MAGIC || buffer.getInt() != VERSION || buffer.getInt() != columns) {
            return damaged(file, "is no row of " + columns + " columns in version " + VERSION);
        }
        byte[] digest = Arrays.copyOfRange(bytes, size - DIGEST, size);
        if (!Arrays.equals(digest, digest(key, bytes, size - DIGEST))) {
            return damaged(file, "does not match its SHA-256");
        }
        float[] row = new float[columns];
        buffer.asFloatBuffer().get(row);
        markUsed(file);
        return Optional.of(row);
    }

    /** Access times are not kept on most disks, so the time of the last change is the time of the last use. */
    private static void markUsed(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) {
            LOG.debug("{} counts as not used: {}", file, e.toString()); // deleted meanwhile, or another user's
        }
    }

    private Optional<float[]> damaged(Path file, String why) {
        damaged.increment();
        LOG.warn("{} {}; its row is computed again", file, why);
        return Optional.empty();
    }

    @Override
    void keep(String key, float[] row) {
        byte[] bytes = new byte[HEAD + 4 * row.length + DIGEST];
        if (bytes.length > limit) {
            return;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(MAGIC).putInt(VERSION).putInt(row.length);
        buffer.asFloatBuffer().put(row);
        buffer.position(HEAD + 4 * row.length);
        buffer.put(digest(key, bytes, buffer.position()));
        try {
            AtomicFile.writeUnforced(file(key), bytes); // checked when read
        } catch (FedHdsException e) {
            unkept.increment();
            LOG.warn("a row is not kept: {}", e.getMessage());
            return;
        }
        if (room.addAndGet(-bytes.length) < 0 && eviction.tryLock()) {
            try {
                evict();
            } finally {
                eviction.unlock();
            }
        }
    }

    /**
     * Deletes the least recently used rows if the folder is too large. Other processes write to it too, so it is looked
     * at again after a tenth of the limit at the latest.
     */
    private void evict() {
        List<RowFile> rows = new ArrayList<>();
        try {
            list(folder, FOLDER, sub -> list(sub, FILE, file -> add(file, rows)));
        } catch (IOException e) {
            LOG.warn("the size of the feature cache {} cannot be found: {}", folder, FileFault.reason(folder, e));
            room.set(limit / 10);
            return;
        }
        long bytes = rows.stream().mapToLong(RowFile::bytes).sum();
        if (bytes > limit) {
            rows.sort(Comparator.comparing(RowFile::used));
            bytes = delete(rows, bytes);
        }
        room.set(bytes > limit ? limit / 10 : Math.min(limit / 10, limit - bytes));
    }

    private interface Entry {
        void accept(Path path) throws IOException;
    }

    /** A folder that is missing is empty. */
    private static void list(Path in, Pattern names, Entry entry) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(
                in, path -> names.matcher(String.valueOf(path.getFileName())).matches())) {
            for (Path path : all) {
                entry.accept(path);
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            LOG.debug("{} is no folder", in);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static void add(Path file, List<RowFile> rows) throws IOException {
        try {
            BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            boolean temporary = file.toString().endsWith(".tmp");
            if (is.isRegularFile() && !(temporary && isRecent(is))) {
                rows.add(new RowFile(file, is.size(), is.lastModifiedTime()));
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was deleted by another process", file);
        }
    }

    private static boolean isRecent(BasicFileAttributes file) {
        return file.lastModifiedTime().toInstant().isAfter(Instant.now().minus(ABANDONED));
    }

    /** Deletes rows from the first one on until nine tenths of the limit are left; returns the bytes that are left. */
    private long delete(List<RowFile> rows, long bytes) {
        long left = bytes;
        int deleted = 0;
        Optional<IOException> fault = Optional.empty();
        for (RowFile row : rows) {
            if (left <= limit - limit / 10) {
                break;
            }
            try {
                disk.delete(row.path);
                left -= row.bytes;
                deleted++;
            } catch (IOException e) {
                fault = Optional.of(e);
            }
        }
        LOG.info(
                "deleted {} of {} rows of the feature cache {}, which had more than {} bytes",
                deleted,
                rows.size(),
                folder,
                limit);
        fault.ifPresent(e -> LOG.warn("some rows of the feature cache {} cannot be deleted: {}", folder, e.toString()));
        return left;
    }

    /** Includes the key, so that a renamed file is not accepted as another key's row. */
    private static byte[] digest(String key, byte[] bytes, int length) {
        return Hashing.sha256()
                .newHasher()
                .putString(key, StandardCharsets.US_ASCII)
                .putBytes(bytes, 0, length)
                .hash()
                .asBytes();
    }
}
