package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.GzipInput;
import io.github.fedhds.internal.file.Utf8Reader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Detects the kind of a data file by its first bytes, since names are often wrong. */
final class DataFileKind {
    private static final byte[] GZIP = {0x1F, (byte) 0x8B};
    private static final byte[] PARQUET = {'P', 'A', 'R', '1'};

    private DataFileKind() {}

    /**
     * Opens a file of any kind.
     *
     * @param keys what is read of a row; other columns are left out where that saves time
     * @throws IOException if it cannot be read
     * @throws FedHdsException if it is of no known kind or damaged
     */
    static Records open(Path file, Set<String> keys) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file));
        try {
            boolean packed = beginsWith(in, GZIP);
            if (packed) {
                in = new BufferedInputStream(new GzipInput(in));
            }
            Records records = beginsWith(in, PARQUET) ? parquet(file, in, packed, keys) : text(file, in, keys);
            return packed ? new Gzipped(records) : records;
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    private static boolean beginsWith(InputStream in, byte[] magic) throws IOException {
        in.mark(magic.length);
        byte[] first = in.readNBytes(magic.length);
        in.reset();
        return Arrays.equals(first, magic);
    }

    private static Records text(Path file, InputStream in, Set<String> keys) throws IOException {
        RecordText text = new RecordText(new Utf8Reader(in));
        return switch (text.firstVisible()) {
            case -1 -> new Empty();
            case '{', '[' -> new JsonRecords(file, text);
            default -> new CsvRecords(file, text, keys);
        };
    }

    /** Parquet is read from its end, so a packed file is unpacked to a temporary one. */
    private static Records parquet(Path file, InputStream in, boolean packed, Set<String> keys) throws IOException {
        Path unpacked = file;
        try {
            if (packed) {
                unpacked = Files.createTempFile("fedhds", ".parquet");
                Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
            }
            in.close();
            return ParquetRecords.open(file, unpacked, packed, keys);
        } catch (NoClassDefFoundError e) {
            delete(packed, unpacked);
            throw new FedHdsException(
                    file + ": is a Parquet file, and the library that reads Parquet is not on the class path; add the"
                            + " Maven artifact " + ParquetRecords.ARTIFACT + " to the dependencies of the application",
                    e);
        } catch (IOException | RuntimeException e) {
            delete(packed, unpacked);
            throw e;
        }
    }

    private static void delete(boolean temporary, Path file) throws IOException {
        if (temporary) {
            Files.deleteIfExists(file);
        }
    }

    private record Gzipped(Records records) implements Records {
        @Override
        public String kind() {
            return "gzipped " + records.kind();
        }

        @Override
        public List<String> columns() {
            return records.columns();
        }

        @Override
        public @Nullable DataRecord next() throws IOException {
            return records.next();
        }

        @Override
        public void close() throws IOException {
            records.close();
        }
    }

    private record Empty() implements Records {
        @Override
        public String kind() {
            return "empty file";
        }

        @Override
        public @Nullable DataRecord next() {
            return null;
        }

        @Override
        public void close() {}
    }
}
