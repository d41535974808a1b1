package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
     * {@link NaturalInstructions}, a file that ends in {@code .jsonl} or {@code .json} as {@link JsonLines}.
     *
     * @param seed seed of the random choice of instances or tasks
     * @throws FedHdsException if the path is of neither kind, or its data are invalid or empty
     */
    public static Dataset load(Path path, long seed) {
        if (Files.isDirectory(path.resolve("tasks"))) {
            return NaturalInstructions.builder().seed(seed).build().read(path);
        }
        checkFile(path);
        return JsonLines.builder().seed(seed).build().read(path);
    }

    /**
     * Checks that a path that is not a folder of Natural Instructions can be a file of JSON objects.
     *
     * @throws FedHdsException if it cannot
     */
    static void checkFile(Path path) {
        if (Files.isRegularFile(path) && path.toString().matches(".*\\.jsonl?")) {
            return;
        }
        if (!Files.exists(path)) {
            throw FileFault.of(path, "cannot be read", new NoSuchFileException(path.toString()));
        }
        throw new FedHdsException(
                path + ": is of no known kind; expected a folder with tasks/ (Natural Instructions) or a"
                        + " .jsonl or .json file of " + InstructionForm.READ);
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
