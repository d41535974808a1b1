package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads instructions from files of several kinds, each plain or gzipped: JSON objects, one after another (one per line,
 * or indented) or in one array; CSV with a header (RFC 4180); Parquet, for which the application adds the Maven artifact
 * {@code blue.strategic.parquet:parquet-floor}. The kind is detected by content. A folder of such files is read by name;
 * there, the task of a row that names none is the file's name.
 *
 * <p>Keys or columns: {@code instruction}, {@code input}, {@code output}, {@code task}; or as in Dolly {@code
 * instruction}, {@code context}, {@code response}, {@code category}; or {@code prompt}, {@code completion}; or {@code
 * messages} with {@code role} and {@code content}; or {@code conversations} with {@code from} and {@code value}
 * (ShareGPT). Of a conversation the last assistant turn is the output, and what precedes it the instruction. Input and
 * task may be missing or null; others are ignored. Rows with an empty answer or instruction are skipped. A log line
 * says what was read and skipped. Immutable, safe for many threads.
 *
 * @see <a href="https://huggingface.co/datasets/databricks/databricks-dolly-15k">Dolly-15K</a>
 */
public final class DataFile {
    private static final Logger LOG = LoggerFactory.getLogger(DataFile.class);

    /** Columns that are read for the task, and may be a column to read by too. */
    private static final Set<String> LABELS = Set.of("task", "category");

    private final double unseenShare;
    private final long seed;

    private DataFile(Builder builder) {
        unseenShare = builder.unseenShare;
        seed = builder.seed;
    }

    /** Starts with the default settings. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Opens a file, whose instructions are then read one at a time.
     *
     * @throws FedHdsException if the file cannot be read or is of no known kind
     */
    public static InstructionReader open(Path file) {
        return new InstructionReader(file);
    }

    /**
     * Reads the instructions of a file or of the files of a folder, in their order. The task is empty if a row of a
     * file names none.
     *
     * @throws FedHdsException if a file cannot be read, is not UTF-8, is damaged, or has a row of an unknown form, or if
     *     there is no instruction; the message names file and line
     */
    public static List<Instruction> readAll(Path path) {
        List<Instruction> list = new ArrayList<>();
        read(path, "", (value, instruction) -> list.add(instruction));
        return list;
    }

    /**
     * Reads the same instructions by a further column of theirs, such as the hospital that a record is from: a partition of
     * the data as it is.
     *
     * @param column name of the column or key; in CSV files it is compared without case
     * @return the instructions of each value of the column, by value; numbers and truth values by their text
     * @throws FedHdsException as {@link #readAll}, and if a row has no value in this column or an empty one
     */
    public static SortedMap<String, List<Instruction>> readBy(Path path, String column) {
        if (column.isBlank() || InstructionForm.KEYS.contains(column) && !LABELS.contains(column)) {
            throw new IllegalArgumentException(
                    "column must name a column beside those of the instruction itself, was \"" + column + "\"");
        }
        SortedMap<String, List<Instruction>> byValue = new TreeMap<>();
        read(
                path,
                column,
                (value, instruction) ->
                        byValue.computeIfAbsent(value, v -> new ArrayList<>()).add(instruction));
        return byValue;
    }

    /** Passes on each instruction with its value of the column; the value is empty if no column is named. */
    private static void read(Path path, String column, BiConsumer<String, Instruction> into) {
        if (Files.isDirectory(path)) {
            readFolder(path, column, into);
        } else {
            try (InstructionReader reader = new InstructionReader(path, column)) {
                reader.forEachRemaining(instruction -> into.accept(reader.value(), instruction));
                LOG.info("{}", reader.summary());
                checkNotEmpty(path, reader.counts());
            }
        }
    }

    /**
     * Counts the rows of a file or of the files of a folder, in memory that does not grow with them.
     *
     * @throws FedHdsException as {@link #readAll}; a file without instructions counts as it is
     */
    public static DataCounts count(Path path) {
        List<Path> files = Files.isDirectory(path) ? DataFolder.files(path) : List.of(path);
        ReadingCounts counts = new ReadingCounts();
        for (Path file : files) {
            try (InstructionReader reader = open(file)) {
                while (reader.hasNext()) {
                    reader.next();
                }
                counts.add(reader.counts());
            }
        }
        return new DataCounts(files.size(), counts.instructions(), counts.skipped());
    }

    private static void readFolder(Path folder, String column, BiConsumer<String, Instruction> into) {
        ReadingCounts counts = new ReadingCounts();
        TreeSet<String> kinds = new TreeSet<>();
        List<Path> files = DataFolder.files(folder);
        for (Path file : files) {
            String task = DataFolder.task(file);
            try (InstructionReader reader = new InstructionReader(file, column)) {
                reader.forEachRemaining(instruction -> into.accept(
                        reader.value(), instruction.task().isEmpty() ? instruction.withTask(task) : instruction));
                LOG.debug("{}", reader.summary());
                counts.add(reader.counts());
                kinds.add(reader.kind());
            }
        }
        String kind = files.size() + (files.size() == 1 ? " file, " : " files, ") + String.join(", ", kinds);
        LOG.info("{}: {}", folder, counts.summary(kind));
        checkNotEmpty(folder, counts);
    }

    private static void checkNotEmpty(Path path, ReadingCounts counts) {
        if (counts.instructions() == 0) {
            throw new FedHdsException(path + ": the data set is empty; "
                    + (counts.allSkipped() > 0 ? "all rows were skipped: " + counts.skipped() + "; " : "")
                    + "expected rows of the form " + InstructionForm.READ);
        }
    }

    /**
     * Reads a file or folder and holds out whole tasks as unseen tasks.
     *
     * @return tasks by name; a single task is not held out
     * @throws FedHdsException as {@link #readAll}
     */
    public Dataset read(Path path) {
        return split(readAll(path));
    }

    /**
     * Holds out whole tasks of instructions that have been read, as {@link #read} does; for tasks of your choice see
     * {@link Dataset#holdingOut}.
     */
    public Dataset split(List<Instruction> instructions) {
        SortedMap<String, List<Instruction>> tasks = new TreeMap<>();
        for (Instruction instruction : instructions) {
            tasks.computeIfAbsent(instruction.task(), task -> new ArrayList<>()).add(instruction);
        }
        Map<String, List<Instruction>> unseen = new LinkedHashMap<>();
        for (String name : drawn(List.copyOf(tasks.keySet()))) {
            unseen.put(name, tasks.getOrDefault(name, List.of()));
        }
        tasks.keySet().removeAll(unseen.keySet());
        return new Dataset(tasks, unseen);
    }

    private List<String> drawn(List<String> names) {
        int held = unseenShare == 0 || names.isEmpty()
                ? 0
                : Math.min(names.size() - 1, (int) Math.max(1, Math.round(unseenShare * names.size())));
        return Arrays.stream(RandomOrder.sample(names.size(), held, Dataset.random(seed, "unseen tasks")))
                .mapToObj(names::get)
                .toList();
    }

    /** Collects settings. Not safe for many threads. */
    public static final class Builder {
        private double unseenShare = 0.1;
        private long seed;

        private Builder() {}

        /**
         * Share of the tasks held out as unseen, at least one task and never all; from 0 (none) to below 1, 0.1 by
         * default.
         */
        public Builder unseenShare(double unseenShare) {
            if (!(unseenShare >= 0 && unseenShare < 1)) {
                throw new IllegalArgumentException("unseenShare must be 0 or more and below 1, was " + unseenShare);
            }
            this.unseenShare = unseenShare;
            return this;
        }

        /** Seed of the choice of the tasks held out; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Creates the reader. */
        public DataFile build() {
            return new DataFile(this);
        }
    }
}
