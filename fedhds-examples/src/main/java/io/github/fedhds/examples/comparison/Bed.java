package io.github.fedhds.examples.comparison;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * The data of a comparison.
 *
 * @param tasks training instructions by task
 * @param unseen instructions for the evaluation, of tasks that no client has
 */
public record Bed(Map<String, List<Instruction>> tasks, List<Instruction> unseen) {
    /** Ends an answer in the files of some data sets; the encoder adds the model's own end token. */
    private static final String END = "<|endoftext|>";

    /**
     * Limits of what is taken from the files.
     *
     * @param heldOut beginnings of the names of the tasks for the evaluation; empty: the unseen tasks of
     *     the embedded data or of the official split of Natural Instructions
     * @param leftOut beginnings of the names of tasks that are not used
     * @param perTask training instructions of each task at most; a task with fewer than half of it is not used
     * @param unseenPerTask instructions of each unseen task at most
     * @param longest characters of an instruction, its input and its answer at most
     * @param openAnswers whether only unseen tasks with open answers are evaluated: more than half of a task's answers
     *     differ. Where few labels occur, or one of them far more often than the others, a model that always gives one
     *     answer has a high score
     */
    public record Limits(
            List<String> heldOut,
            List<String> leftOut,
            int perTask,
            int unseenPerTask,
            int longest,
            boolean openAnswers) {}

    /** The embedded data set, within the limits. */
    public static Bed embedded(Limits limits) {
        InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
        return of(
                "the embedded data set",
                EmbeddedComparison.trainingTasks(),
                EmbeddedComparison.byTask(set.unseen(EmbeddedComparison.UNSEEN_PER_TASK)),
                limits);
    }

    /**
     * Reads a data set: a Natural Instructions folder, or data files.
     *
     * @throws FedHdsException if no task is left for training or for the evaluation
     */
    public static Bed read(Path path, Limits limits) {
        if (Files.isDirectory(path.resolve("tasks"))) {
            Dataset official = NaturalInstructions.builder()
                    .share(1)
                    .testShare(1)
                    .maxInputLength(limits.longest())
                    .build()
                    .read(path);
            return of(path.toString(), official.training(), official.unseen(), limits);
        }
        return of(path.toString(), EmbeddedComparison.byTask(DataFile.readAll(path)), Map.of(), limits);
    }

    private static Bed of(
            String name,
            Map<String, List<Instruction>> training,
            Map<String, List<Instruction>> official,
            Limits limits) {
        Map<String, List<Instruction>> tasks = new TreeMap<>(training);
        Map<String, List<Instruction>> unseen = new TreeMap<>();
        (limits.heldOut().isEmpty() ? unseen : tasks).putAll(official);
        for (String task : List.copyOf(tasks.keySet())) {
            if (isNamed(task, limits.heldOut())) {
                unseen.put(task, tasks.remove(task));
            }
        }
        tasks.keySet().removeIf(task -> isNamed(task, limits.leftOut()));
        unseen.keySet().removeIf(task -> isNamed(task, limits.leftOut()));
        tasks.replaceAll((task, list) -> some(list, limits.perTask(), limits.longest()));
        tasks.values().removeIf(list -> list.size() < (limits.perTask() + 1) / 2);
        List<Instruction> evaluated = unseen.values().stream()
                .filter(list ->
                        !limits.openAnswers() || hasOpenAnswers(some(list, Integer.MAX_VALUE, limits.longest())))
                .flatMap(list -> some(list, limits.unseenPerTask(), limits.longest()).stream())
                .toList();
        if (tasks.isEmpty() || evaluated.isEmpty()) {
            throw new FedHdsException(name + " has " + tasks.size() + " tasks for training and " + evaluated.size()
                    + " instructions for the evaluation, and both are needed; look at --held-out, --per-task,"
                    + " --longest and --open-answers");
        }
        return new Bed(Collections.unmodifiableMap(tasks), evaluated);
    }

    private static boolean hasOpenAnswers(List<Instruction> task) {
        return 2 * task.stream().map(Instruction::output).distinct().count() > task.size();
    }

    private static boolean isNamed(String task, List<String> beginnings) {
        return beginnings.stream().anyMatch(task::startsWith);
    }

    /** The same instructions for every seed, so that methods and seeds share cached features. */
    private static List<Instruction> some(List<Instruction> list, int count, int longest) {
        List<Instruction> fitting = new ArrayList<>();
        for (Instruction one : list) {
            String answer = one.output().endsWith(END)
                    ? one.output().substring(0, one.output().length() - END.length())
                    : one.output();
            answer = answer.strip();
            int length = one.instruction().length() + one.input().length() + answer.length();
            if (length <= longest && !answer.isEmpty()) {
                fitting.add(new Instruction(one.instruction().strip(), one.input(), answer, one.task(), one.history()));
            }
        }
        Collections.shuffle(fitting, new Random(1));
        return fitting.subList(0, Math.min(count, fitting.size()));
    }

    /**
     * Deals the training instructions to clients.
     *
     * @param alpha of a Dirichlet distribution; empty: one task a client
     */
    Map<ClientId, List<Instruction>> clients(Optional<Double> alpha, int count, long seed) {
        return alpha.map(a -> Partitions.dirichlet(tasks, count, a, 8, seed)).orElseGet(() -> Partitions.byTask(tasks));
    }

    /**
     * Deals the training instructions to clients.
     *
     * @param partition {@code task}: one task a client; {@code dirichlet:} and the number alpha
     * @param count number of clients, unless each has one task
     */
    public Map<ClientId, List<Instruction>> clients(String partition, int count, long seed) {
        return partition.equals("task")
                ? clients(Optional.empty(), count, seed)
                : clients(Optional.of(Double.parseDouble(partition.replaceFirst("^dirichlet:", ""))), count, seed);
    }

    /** Number of training instructions. */
    public int instructions() {
        return tasks.values().stream().mapToInt(List::size).sum();
    }
}
