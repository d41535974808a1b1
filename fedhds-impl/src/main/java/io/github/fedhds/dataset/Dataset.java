package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Instructions by task, for training and for evaluation. Immutable, safe for many threads.
 *
 * @param training instructions by task name, in a fixed order
 * @param unseen the same for tasks that no client trains on; may be empty
 */
public record Dataset(Map<String, List<Instruction>> training, Map<String, List<Instruction>> unseen) {
    public Dataset {
        training = copy(training);
        unseen = copy(unseen);
        for (String task : unseen.keySet()) {
            if (training.containsKey(task)) {
                throw new IllegalArgumentException("task " + task + " is in training and unseen; one of them must do");
            }
        }
    }

    /**
     * Reads a data set with the default settings of its kind: a folder with {@code tasks/} as
     * {@link NaturalInstructions}, any other file or folder as {@link DataFile}.
     *
     * @param seed seed of the random choice of instances or tasks
     * @throws FedHdsException if the path is of no known kind, or its data are invalid or empty
     */
    public static Dataset load(Path path, long seed) {
        return Files.isDirectory(path.resolve("tasks"))
                ? NaturalInstructions.builder().seed(seed).build().read(path)
                : DataFile.builder().seed(seed).build().read(path);
    }

    /**
     * The same instructions with other tasks held out: those that are named are unseen, all others are for training. A
     * name is that of a task or, if no task has it, the beginning of the names of several, as {@code imdb} of {@code
     * imdb_Reviewer_Enjoyment}.
     *
     * @param names 1 or more
     * @throws IllegalArgumentException if a name is of no task, or no task is left for training; the message names the
     *     tasks
     */
    public Dataset holdingOut(List<String> names) {
        Map<String, List<Instruction>> left = new TreeMap<>(training);
        left.putAll(unseen);
        Set<String> all = new TreeSet<>(left.keySet());
        Map<String, List<Instruction>> held = new TreeMap<>();
        for (String name : names) {
            List<String> named = all.contains(name)
                    ? List.of(name)
                    : all.stream()
                            .filter(task -> !name.isBlank() && task.startsWith(name))
                            .toList();
            if (named.isEmpty()) {
                throw new IllegalArgumentException("no task is named \"" + name
                        + "\" or has a name that begins so; the tasks are " + JsonFile.shorten(all));
            }
            for (String task : named) {
                held.computeIfAbsent(task, left::remove);
            }
        }
        if (left.isEmpty()) {
            throw new IllegalArgumentException("all " + all.size()
                    + " tasks would be held out, so that none is left for training; they are " + JsonFile.shorten(all));
        }
        return new Dataset(left, held);
    }

    /** All training instructions, task by task. */
    public List<Instruction> allTraining() {
        return training.values().stream().flatMap(Collection::stream).toList();
    }

    /** All unseen instructions, task by task. */
    public List<Instruction> allUnseen() {
        return unseen.values().stream().flatMap(Collection::stream).toList();
    }

    private static Map<String, List<Instruction>> copy(Map<String, List<Instruction>> tasks) {
        Map<String, List<Instruction>> copy = new LinkedHashMap<>();
        tasks.forEach((task, list) -> copy.put(task, List.copyOf(list)));
        return Collections.unmodifiableMap(copy);
    }

    /** A separate random stream per purpose, so that the draw of one task does not change that of another. */
    static SplittableRandom random(long seed, String purpose) {
        return RoundContext.first().withSeed(seed).random(purpose);
    }
}
