package io.github.fedhds.examples.comparison;

import io.github.fedhds.FedHdsException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The result of one run: a line of the results file.
 *
 * @param settings all that the result depends on, apart from the fields below
 * @param method name of the {@link Method}; {@code BASE} for the model without an adapter
 * @param rougeL on the unseen tasks, 0 to 1; 0 if nothing was trained
 * @param byTask the same for each unseen task
 * @param loss mean loss of the unseen tasks' answers, each token's in nats; varies less than Rouge-L; 0 if nothing was trained
 * @param samples training samples over all rounds
 * @param held instructions of the rounds' clients, over all rounds
 * @param chosen number of training samples of each task, over all rounds
 * @param novelSum diversity of the training samples, see {@link io.github.fedhds.selection.NovelSum}
 * @param featureSeconds seconds of features, summed over the clients; small if the rows were cached
 * @param selectionSeconds seconds of fusion, grouping and selection
 * @param trainingSeconds seconds of training, summed over the clients
 * @param evaluationSeconds seconds of the evaluation
 */
record Trial(
        Map<String, String> settings,
        String method,
        long seed,
        double learningRate,
        int epochs,
        double rougeL,
        Map<String, Double> byTask,
        double loss,
        long samples,
        long held,
        Map<String, Long> chosen,
        double novelSum,
        double featureSeconds,
        double selectionSeconds,
        double trainingSeconds,
        double evaluationSeconds) {
    /** In place of a method: the model without an adapter. */
    static final String BASE = "BASE";

    /** The setting that says that nothing was trained, so that there is no Rouge-L and no loss. */
    static final String TRAINING = "training";

    /** What makes two runs the same. */
    record Key(Map<String, String> settings, String method, long seed, double learningRate, int epochs) {
        Key {
            settings = Map.copyOf(settings);
        }
    }

    Trial {
        if (!method.equals(BASE)
                && Arrays.stream(Method.values())
                        .noneMatch(known -> known.name().equals(method))) {
            throw new IllegalArgumentException("there is no method " + method);
        }
        for (double number : new double[] {learningRate, rougeL, loss, novelSum}) {
            if (!Double.isFinite(number)) {
                throw new IllegalArgumentException("a result's numbers are finite, was " + number);
            }
        }
        settings = new TreeMap<>(settings);
        byTask = new TreeMap<>(byTask);
        chosen = new TreeMap<>(chosen);
    }

    /** Distinct tasks among the training samples. */
    int tasks() {
        return chosen.size();
    }

    /** Distinct families of tasks among the training samples: a family is what a name has before its first underscore. */
    int families() {
        return (int) chosen.keySet().stream()
                .map(task -> task.replaceFirst("_.*", ""))
                .distinct()
                .count();
    }

    boolean isTrained() {
        return !settings.containsKey(TRAINING);
    }

    Key key() {
        return new Key(settings, method, seed, learningRate, epochs);
    }

    /**
     * Reads a results file; a missing one is empty. A last line that a killed program left half written is not read; the
     * file is not changed.
     *
     * @throws FedHdsException if the file cannot be read or another line is damaged
     */
    static List<Trial> read(Path file) {
        return new ResultsFile<>(file, Trial.class).read();
    }

    /** Appends this result as one line, in place of a half written line. */
    void append(Path file) {
        new ResultsFile<>(file, Trial.class).append(this);
    }
}
