package io.github.fedhds.evaluation;

import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Scores of answers by several measures, for each task and overall. Immutable, safe for many threads.
 *
 * <p>The mean overall is that over the instructions, as everywhere in this library: a task with more instructions counts more.
 * {@link #meanOfTasks} counts each task alike.
 */
public final class AnswerScores {
    private final List<Instruction> instructions;
    private final Map<String, double[]> values;

    private AnswerScores(List<Instruction> instructions, Map<String, double[]> values) {
        this.instructions = instructions;
        this.values = values;
    }

    /** Starts without a measure. */
    public static AnswerScores of(List<Instruction> instructions) {
        return new AnswerScores(List.copyOf(instructions), Map.of());
    }

    /**
     * These scores and those of a measure. Answers and references are compared without the spaces around them.
     *
     * @param name name of the measure, not yet taken
     * @param answers one for each instruction, in their order
     * @throws IllegalArgumentException if a score is not in 0..1, or NaN; the message names the instruction
     */
    public AnswerScores with(String name, AnswerMeasure measure, List<String> answers) {
        if (answers.size() != instructions.size()) {
            throw new IllegalArgumentException("each instruction needs its answer, was " + instructions.size()
                    + " instructions, " + answers.size() + " answers");
        }
        double[] scores = new double[answers.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = measure.score(
                    answers.get(i).strip(), instructions.get(i).output().strip());
            if (!(scores[i] >= 0 && scores[i] <= 1)) {
                throw new IllegalArgumentException("the measure " + name + " scores the answer to instruction " + i
                        + " with " + scores[i]
                        + "; a measure gives 0 to 1. Add scores of another range, such as losses,"
                        + " as numbers");
            }
        }
        return with(name, scores);
    }

    /**
     * These scores and given ones, such as losses.
     *
     * @param name name of the measure, not yet taken
     * @param scores one for each instruction, in their order; with NaN or infinity the means are NaN
     */
    public AnswerScores with(String name, double[] scores) {
        if (scores.length != instructions.size()) {
            throw new IllegalArgumentException("each instruction needs its score, was " + instructions.size()
                    + " instructions, " + scores.length + " scores");
        }
        Map<String, double[]> more = new LinkedHashMap<>(values);
        if (more.put(name, scores.clone()) != null) {
            throw new IllegalArgumentException("there are scores named " + name + " already; choose another name");
        }
        return new AnswerScores(instructions, more);
    }

    /** Names of the measures, in the order in which they were added. */
    public Set<String> names() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /** The instructions' scores, in their order. */
    public double[] values(String name) {
        double[] found = values.get(name);
        if (found == null) {
            throw new IllegalArgumentException("there are no scores named " + name + "; there are " + names());
        }
        return found.clone();
    }

    /** Mean over all instructions, with its interval; NaN without instructions. */
    public Interval overall(String name) {
        return Interval.of(values(name));
    }

    /**
     * Mean over the instructions of each task, with its interval, in the order of each task's first instruction. As all tasks
     * are computed at once, keep the map.
     */
    public Map<String, Interval> byTask(String name) {
        Map<String, Interval> intervals = new LinkedHashMap<>();
        valuesByTask(name)
                .forEach((task, list) -> intervals.put(
                        task,
                        Interval.of(
                                list.stream().mapToDouble(Double::doubleValue).toArray())));
        return Collections.unmodifiableMap(intervals);
    }

    /** Mean of the tasks' means (macro average); NaN without instructions. */
    public double meanOfTasks(String name) {
        return valuesByTask(name).values().stream()
                .mapToDouble(list ->
                        list.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN))
                .average()
                .orElse(Double.NaN);
    }

    private Map<String, List<Double>> valuesByTask(String name) {
        double[] all = values(name);
        Map<String, List<Double>> byTask = new LinkedHashMap<>();
        for (int i = 0; i < all.length; i++) {
            byTask.computeIfAbsent(instructions.get(i).task(), task -> new ArrayList<>())
                    .add(all[i]);
        }
        return byTask;
    }
}
