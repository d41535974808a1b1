package io.github.fedhds.examples.embedded.corpus;

import io.github.fedhds.instruction.Instruction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The demo's instructions: 36 tasks for the clients and 10 only for evaluation. The skill of an unseen task is in the
 * pre-training text, but its definitions and inputs are neither there nor in the training rows. Equal seeds give equal
 * rows.
 */
public final class InstructionSet {
    private final long seed;

    public InstructionSet(long seed) {
        this.seed = seed;
    }

    public List<InstructionTask> trainingTasks() {
        return tasks(Definitions.TRAINING);
    }

    public List<InstructionTask> unseenTasks() {
        return tasks(Definitions.UNSEEN);
    }

    /** {@code perTask} different rows per training task, task by task. */
    public List<Instruction> training(int perTask) {
        return rows(trainingTasks(), perTask, Side.OPEN);
    }

    /** {@code perTask} different rows per unseen task, task by task. */
    public List<Instruction> unseen(int perTask) {
        return rows(unseenTasks(), perTask, Side.HELD_OUT);
    }

    private static List<InstructionTask> tasks(Map<String, List<String>> definitions) {
        return definitions.entrySet().stream()
                .map(entry -> new InstructionTask(
                        entry.getKey(), Skills.of(entry.getKey()).kind(), entry.getValue()))
                .toList();
    }

    private List<Instruction> rows(List<InstructionTask> tasks, int perTask, Side side) {
        List<Instruction> rows = new ArrayList<>();
        for (InstructionTask task : tasks) {
            Set<Instruction> seen = new HashSet<>();
            long draw = (long) task.id().hashCode() << 32;
            for (int tries = 0; seen.size() < perTask; tries++, draw++) {
                if (tries > 20 * perTask + 10_000) {
                    throw new IllegalArgumentException("task " + task.id() + " has " + seen.size()
                            + " different rows, not the " + perTask + " that were asked for");
                }
                Instruction row = task.instruction(Dice.of(seed, draw), side);
                if (seen.add(row)) {
                    rows.add(row);
                }
            }
        }
        return List.copyOf(rows);
    }
}
