package io.github.fedhds.dataset;

import com.google.gson.JsonElement;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
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
    private final String column;
    private String value = "";
    private @Nullable Instruction next;
    private boolean ended;

    InstructionReader(Path file) {
        this(file, "");
    }

    /**
     * A reader that also has the values of a column.
     *
     * @param column empty for none
     */
    InstructionReader(Path file, String column) {
        this.file = file;
        this.column = column;
        Set<String> keys = new HashSet<>(InstructionForm.KEYS);
        keys.add(column);
        keys.add(column.toLowerCase(Locale.ROOT)); // as in a CSV file's header
        try {
            records = DataFileKind.open(file, keys);
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
                if (row != null && next != null && !column.isEmpty()) {
                    value = valueOf(row);
                }
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

    private String valueOf(DataRecord row) {
        JsonElement found =
                row.json().has(column) ? row.json().get(column) : row.json().get(column.toLowerCase(Locale.ROOT));
        String text = found == null || found.isJsonNull()
                ? ""
                : JsonText.of(row.place(), column, found).strip();
        if (text.isEmpty()) {
            throw new FedHdsException(row.place() + ": " + column
                    + " is missing or empty; each row must have a value to be assigned to a client by that column; "
                    + (records.columns().isEmpty()
                            ? "the row has " + row.json().keySet()
                            : "the table has " + records.columns()));
        }
        return text;
    }

    /** The column's value in the row of the instruction that {@link #next} has returned last. */
    String value() {
        return value;
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
