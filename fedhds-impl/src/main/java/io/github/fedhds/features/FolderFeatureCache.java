package io.github.fedhds.features;

import com.google.common.hash.Hashing;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file per row: a crash, a full disk or another process can affect only single rows, and no index can become
 * inconsistent. Little-endian: magic number, version, number of columns (4 bytes each), the values as float32, then
 * SHA-256 of the key and all these bytes.
 */
final class FolderFeatureCache extends KeyedRows {
    private static final Logger LOG = LoggerFactory.getLogger(FolderFeatureCache.class);
    private static final int MAGIC = 0x46_44_48_52;
    private static final int VERSION = 1;
    private static final int HEAD = 12;
    private static final int DIGEST = 32;

    private final Path folder;

    FolderFeatureCache(Path folder) {
        this.folder = folder;
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
        return Optional.of(row);
    }

    private Optional<float[]> damaged(Path file, String why) {
        damaged.increment();
        LOG.warn("{} {}; its row is computed again", file, why);
        return Optional.empty();
    }

    @Override
    void keep(String key, float[] row) {
        byte[] bytes = new byte[HEAD + 4 * row.length + DIGEST];
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
        }
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
