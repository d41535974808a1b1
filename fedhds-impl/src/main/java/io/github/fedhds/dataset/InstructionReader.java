package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the instructions of a data file one at a time, in file order, in memory that does not grow with the file. Rows
 * without an answer are skipped and counted. {@code hasNext} and {@code next} throw a {@link FedHdsException} that names
 * file and line, if the rest is damaged. To be closed. For one thread.
 */
public final class InstructionReader implements Iterator<Instruction>, AutoCloseable {
    private final Path file;
    private final Records records;
    private final ReadingCounts counts = new ReadingCounts();
    private @Nullable Instruction next;
    private boolean ended;

    InstructionReader(Path file) {
        this.file = file;
        try {
            records = DataFileKind.open(file);
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    @Override
    public boolean hasNext() {
        try {
            while (next == null && !ended) {
                DataRecord row = records.next();
                ended = row == null;
                Optional<Instruction> read = row == null ? Optional.empty() : InstructionForm.read(row, counts);
                next = read.orElse(null);
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
        return next != null;
    }

    @Override
    public Instruction next() {
        Instruction given = hasNext() ? next : null;
        if (given == null) {
            throw new NoSuchElementException("the file has no further instruction");
        }
        next = null;
        return given;
    }

    /** Kind of the file: JSON objects, JSON array, CSV or Parquet, perhaps gzipped. */
    public String kind() {
        return records.kind();
    }

    /** Number of rows that were skipped so far, by reason. */
    public Map<String, Long> skipped() {
        return counts.skipped();
    }

    /** What was read so far, in one line: file, kind, instructions, what was skipped and why. */
    public String summary() {
        return file + ": " + counts.summary(kind());
    }

    ReadingCounts counts() {
        return counts;
    }

    @Override
    public void close() {
        try {
            records.close();
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be closed", e);
        }
    }
}
