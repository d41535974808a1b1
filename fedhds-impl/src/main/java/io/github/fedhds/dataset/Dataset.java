package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

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
