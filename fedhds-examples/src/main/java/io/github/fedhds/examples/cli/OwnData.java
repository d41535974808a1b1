package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * The user's data: training instructions per client, and instructions for evaluation.
 *
 * @param clients the training instructions of each client
 * @param training all of them, in the order of the data
 * @param tasks number of the clients' tasks
 * @param unseen instructions of tasks that no client has; may be empty
 * @param unseenTasks number of these tasks
 */
record OwnData(
        Map<ClientId, List<Instruction>> clients,
        List<Instruction> training,
        int tasks,
        List<Instruction> unseen,
        int unseenTasks) {
    /**
     * How the data is read.
     *
     * @param instances share of each task's instances; empty: 0.2 of Natural Instructions, all of other data files
     * @param heldOut names of the unseen tasks, or beginnings of names; empty: those of the default
     * @param holdOut whether there are unseen tasks by default: a tenth of the tasks of a data file
     */
    record Reading(Optional<Double> instances, List<String> heldOut, boolean holdOut, long seed) {}

    /** Training instructions, in the order of the data and by task, and unseen tasks. */
    private record Read(List<Instruction> inOrder, Dataset dataset) {}

    /**
     * Reads the data.
     *
     * @param clients number of clients, for the partitions that need it
     * @throws FedHdsException if they are missing, damaged or empty
     */
    static OwnData read(Path path, Reading how, PartitionChoice partition, Optional<Integer> clients) {
        Map<String, List<Instruction>> byColumn = partition
                .column()
                .<Map<String, List<Instruction>>>map(column -> byColumn(path, column))
                .orElse(Map.of());
        Read read = read(path, how, byColumn);
        Map<String, List<Instruction>> tasks = read.dataset().training();
        if (tasks.isEmpty()) {
            throw new FedHdsException(path + " has no training instructions");
        }
        if (partition.kind() == PartitionChoice.Kind.TASK && tasks.containsKey("")) {
            throw new FedHdsException(
                    path + " has instructions without a task, and without --clients there is one client per task;"
                            + " deal them to a number of clients with --clients");
        }
        Map<String, List<Instruction>> labels = partition.column().isEmpty() ? tasks : kept(byColumn, read.inOrder());
        return new OwnData(
                partition.distribute(labels, clients, how.seed()),
                read.inOrder(),
                tasks.size(),
                read.dataset().allUnseen(),
                read.dataset().unseen().size());
    }

    private static Map<String, List<Instruction>> byColumn(Path path, String column) {
        if (isNaturalInstructions(path)) {
            throw new FedHdsException("--partition column:" + column + " is for data files, and " + path
                    + " is a folder of Natural Instructions, which have no columns; use --partition task");
        }
        try {
            return DataFile.readBy(path, column);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException("--partition column:" + column + ": " + e.getMessage(), e);
        }
    }

    /** The instructions of each value that are left for training; values without any are left out. */
    private static Map<String, List<Instruction>> kept(
            Map<String, List<Instruction>> byColumn, List<Instruction> training) {
        Set<Instruction> left = Collections.newSetFromMap(new IdentityHashMap<>());
        left.addAll(training);
        Map<String, List<Instruction>> kept = new LinkedHashMap<>();
        byColumn.forEach((value, list) ->
                kept.put(value, list.stream().filter(left::contains).toList()));
        kept.values().removeIf(List::isEmpty);
        return kept;
    }

    /**
     * The same with fewer instructions for evaluation.
     *
     * @param limit largest number of instructions of each unseen task, drawn with the seed
     * @param names the unseen tasks; empty: all
     * @throws FedHdsException if a name is not that of an unseen task
     */
    OwnData evaluatedOn(Optional<Integer> limit, List<String> names, long seed) {
        Map<String, List<Instruction>> byTask = EmbeddedComparison.byTask(unseen);
        for (String name : names) {
            if (!byTask.containsKey(name)) {
                throw new FedHdsException(
                        "--evaluate-tasks names " + name + ", which is no unseen task; these are " + byTask.keySet());
            }
        }
        if (!names.isEmpty()) {
            byTask.keySet().retainAll(Set.copyOf(names));
        }
        return new OwnData(clients, training, tasks, limited(byTask, limit, seed), byTask.size());
    }

    /** All instructions task by task or, of a task with more than the limit, so many drawn with the seed. */
    static List<Instruction> limited(Map<String, List<Instruction>> byTask, Optional<Integer> limit, long seed) {
        List<Instruction> kept = new ArrayList<>();
        byTask.values().forEach(list -> {
            List<Instruction> shuffled = new ArrayList<>(list);
            if (limit.isPresent() && limit.get() < list.size()) {
                Collections.shuffle(shuffled, new Random(seed));
                shuffled = shuffled.subList(0, limit.get());
            }
            kept.addAll(shuffled);
        });
        return kept;
    }

    private static boolean isNaturalInstructions(Path path) {
        return Files.isDirectory(path.resolve("tasks"));
    }

    private static Read read(Path path, Reading how, Map<String, List<Instruction>> byColumn) {
        if (isNaturalInstructions(path)) {
            NaturalInstructions.Builder reader = NaturalInstructions.builder().seed(how.seed());
            how.instances().ifPresent(reader::share);
            Dataset dataset = heldOut(path, reader.build().read(path), how.heldOut());
            return new Read(dataset.allTraining(), dataset);
        }
        List<Instruction> all = byColumn.isEmpty()
                ? DataFile.readAll(path)
                : byColumn.values().stream().flatMap(List::stream).toList();
        DataFile.Builder reader = DataFile.builder().seed(how.seed());
        if (!how.holdOut()) {
            reader.unseenShare(0);
        }
        Dataset dataset = heldOut(path, reader.build().split(all), how.heldOut());
        Map<String, List<Instruction>> part = new LinkedHashMap<>();
        dataset.training()
                .forEach((task, list) ->
                        part.put(task, part(list, how.instances().orElse(1.0), how.seed())));
        Set<Instruction> left = Collections.newSetFromMap(new IdentityHashMap<>());
        part.values().forEach(left::addAll);
        return new Read(all.stream().filter(left::contains).toList(), new Dataset(part, dataset.unseen()));
    }

    private static Dataset heldOut(Path path, Dataset read, List<String> names) {
        if (names.isEmpty()) {
            return read;
        }
        try {
            return read.holdingOut(names);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    "--held-out " + String.join(",", names) + " of " + path + ": " + e.getMessage(), e);
        }
    }

    private static List<Instruction> part(List<Instruction> list, double share, long seed) {
        if (share >= 1) {
            return list;
        }
        List<Instruction> shuffled = new ArrayList<>(list);
        Collections.shuffle(shuffled, new Random(seed));
        return shuffled.subList(0, Math.max(1, (int) Math.round(share * list.size())));
    }

    /** Training instructions of all clients. */
    int instructions() {
        return training.size();
    }
}
