package io.github.fedhds.dataset;

import com.google.common.io.CharStreams;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.file.Utf8Reader;
import io.github.fedhds.internal.json.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads Super-NaturalInstructions in its official layout: {@code tasks/NAME.json}, and the names of training and test
 * tasks in {@code splits/default/train_tasks.txt} and {@code test_tasks.txt}. The instruction is the task's
 * {@code Definition[0]}; input and output are the instance's {@code input} and {@code output[0]}. Numbers in place of
 * texts are converted to text. The same files and seed give the same instructions in the same order: tasks by name,
 * instances in file order. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2204.07705">Wang et al. 2022</a>
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section on data sets</a>
 */
public final class NaturalInstructions {
    private static final long MAX_FILE_BYTES = 1L << 30;

    private final int maxInputLength;
    private final int minInstances;
    private final double share;
    private final double testShare;
    private final int testAtLeast;
    private final long seed;

    private NaturalInstructions(Builder builder) {
        maxInputLength = builder.maxInputLength;
        minInstances = builder.minInstances;
        share = builder.share;
        testShare = builder.testShare;
        testAtLeast = builder.testAtLeast;
        seed = builder.seed;
    }

    /** Starts with the default settings, which are those of the FedHDS paper. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads a data set.
     *
     * @param folder the folder that contains {@code tasks} and {@code splits}
     * @return training tasks and unseen tasks, ordered by name; tasks with too few instances are left out
     * @throws FedHdsException if a file is missing or invalid, or no training task is left; the message names file and
     *     reason
     */
    public Dataset read(Path folder) {
        SortedSet<String> train = split(folder, "train_tasks.txt");
        SortedSet<String> test = testTasks(folder, train);
        Map<String, List<Instruction>> training = readAll(folder, train, false);
        if (training.isEmpty()) {
            throw new FedHdsException(folder + ": the data set is empty; none of the " + train.size()
                    + " training tasks has " + minInstances + " instances with inputs under " + maxInputLength
                    + " characters");
        }
        return new Dataset(training, readAll(folder, test, true));
    }

    private static SortedSet<String> testTasks(Path folder, SortedSet<String> train) {
        SortedSet<String> test = split(folder, "test_tasks.txt");
        for (String task : test) {
            if (train.contains(task)) {
                throw new FedHdsException(folder + ": task " + task + " is in both splits");
            }
        }
        return test;
    }

    /**
     * Counts the instances of the tasks of both splits: those that {@link #read} may choose from, and those that it leaves
     * out. Reads all files; the memory is that of the largest.
     *
     * @param folder as for {@link #read}
     * @throws FedHdsException as {@link #read}
     */
    public DataCounts count(Path folder) {
        SortedSet<String> all = split(folder, "train_tasks.txt");
        all.addAll(testTasks(folder, all));
        ReadingCounts counts = new ReadingCounts();
        for (String name : all) {
            Path file = folder.resolve("tasks").resolve(name + ".json");
            int kept = readTask(file, name, counts).size();
            if (kept == 0 || kept < minInstances) {
                counts.skip("in tasks with fewer than " + minInstances + " instances", kept);
            } else {
                counts.instructions(kept);
            }
        }
        return new DataCounts(all.size(), counts.instructions(), counts.skipped());
    }

    private static SortedSet<String> split(Path folder, String name) {
        Path file = folder.resolve("splits/default").resolve(name);
        List<String> lines;
        try (Utf8Reader text = Utf8Reader.open(file)) {
            lines = CharStreams.readLines(text);
        } catch (IOException e) {
            throw FileFault.of(file, "the split file cannot be read", e);
        }
        SortedSet<String> tasks = new TreeSet<>();
        for (int i = 0; i < lines.size(); i++) {
            String task = lines.get(i).strip();
            if (!task.isEmpty()) {
                Path path = folder.resolve("tasks").resolve(task + ".json");
                if (task.contains("/") || task.contains("\\") || !Files.isRegularFile(path)) {
                    throw new FedHdsException(
                            file + ": line " + (i + 1) + " names task " + task + ", but there is no file " + path);
                }
                tasks.add(task);
            }
        }
        return tasks;
    }

    private Map<String, List<Instruction>> readAll(Path folder, Set<String> names, boolean test) {
        Map<String, List<Instruction>> tasks = new LinkedHashMap<>();
        for (String name : names) {
            List<Instruction> all =
                    readTask(folder.resolve("tasks").resolve(name + ".json"), name, new ReadingCounts());
            if (all.isEmpty() || all.size() < minInstances) {
                continue;
            }
            int count = part(all.size(), test ? testShare : share);
            if (test) {
                count = Math.min(all.size(), Math.max(testAtLeast, count));
            }
            List<Instruction> drawn = new ArrayList<>();
            for (int place :
                    RandomOrder.sample(all.size(), Math.max(1, count), Dataset.random(seed, "instances of " + name))) {
                drawn.add(all.get(place));
            }
            tasks.put(name, drawn);
        }
        return tasks;
    }

    private static int part(int size, double share) {
        return (int) (share * size + 1e-9); // 0.29 * 100 is 28.999999999999996 in binary
    }

    /** @param counts receives the instances that are left out */
    private List<Instruction> readTask(Path file, String task, ReadingCounts counts) {
        JsonObject json = JsonFile.readObject(file, MAX_FILE_BYTES);
        String definition = first(file, "Definition", json.get("Definition"));
        JsonElement instances = json.get("Instances");
        if (instances == null || !instances.isJsonArray()) {
            throw new FedHdsException(file + ": Instances " + (instances == null ? "is missing" : "must be a list"));
        }
        JsonArray array = instances.getAsJsonArray();
        List<Instruction> list = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            String place = "Instances[" + i + "]";
            if (!array.get(i).isJsonObject()) {
                throw new FedHdsException(file + ": " + place + " must be an object");
            }
            JsonObject instance = array.get(i).getAsJsonObject();
            String input = JsonText.of(file.toString(), place + ".input", instance.get("input"));
            String output = first(file, place + ".output", instance.get("output"));
            if (input.length() < maxInputLength) {
                list.add(new Instruction(definition, input, output, task));
            } else {
                counts.skip("input of " + maxInputLength + " characters or more", 1);
            }
        }
        return list;
    }

    /** The first text of a list; a single text, as in old files, counts as a list of one. */
    private static String first(Path file, String place, @Nullable JsonElement value) {
        if (value != null && value.isJsonArray()) {
            if (value.getAsJsonArray().isEmpty()) {
                throw new FedHdsException(file + ": " + place + " is empty, expected at least one text");
            }
            return JsonText.of(
                    file.toString(), place + "[0]", value.getAsJsonArray().get(0));
        }
        return JsonText.of(file.toString(), place, value);
    }

    /** Collects settings. Not safe for many threads. */
    public static final class Builder {
        private int maxInputLength = 1024;
        private int minInstances = 20;
        private double share = 0.2;
        private double testShare = 0.02;
        private int testAtLeast = 20;
        private long seed;

        private Builder() {}

        /**
         * Instances with an input of this many characters (UTF-16 units) or more are dropped; 1 or more, 1,024 by
         * default.
         */
        public Builder maxInputLength(int maxInputLength) {
            this.maxInputLength = atLeast("maxInputLength", 1, maxInputLength);
            return this;
        }

        /** Tasks with fewer remaining instances are skipped; 0 or more, 20 by default. */
        public Builder minInstances(int minInstances) {
            this.minInstances = atLeast("minInstances", 0, minInstances);
            return this;
        }

        /** Share of a training task's instances to use, at least one; above 0 and at most 1, 0.2 by default. */
        public Builder share(double share) {
            this.share = checkShare("share", share);
            return this;
        }

        /** Share of a test task's instances to use; above 0 and at most 1, 0.02 by default. */
        public Builder testShare(double testShare) {
            this.testShare = checkShare("testShare", testShare);
            return this;
        }

        /** Minimum number of instances of a test task to use, if it has them; 0 or more, 20 by default. */
        public Builder testAtLeast(int testAtLeast) {
            this.testAtLeast = atLeast("testAtLeast", 0, testAtLeast);
            return this;
        }

        /** Seed of the choice of instances; 0 by default. */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        private static int atLeast(String name, int least, int value) {
            if (value < least) {
                throw new IllegalArgumentException(name + " must be " + least + " or more, was " + value);
            }
            return value;
        }

        private static double checkShare(String name, double value) {
            if (!(value > 0 && value <= 1)) {
                throw new IllegalArgumentException(name + " must be above 0 and at most 1, was " + value);
            }
            return value;
        }

        /** Creates the reader. */
        public NaturalInstructions build() {
            return new NaturalInstructions(this);
        }
    }
}
