package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.Dataset;
import io.github.fedhds.dataset.NaturalInstructions;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
 * @param tasks number of the clients' tasks
 * @param unseen instructions of tasks that no client has; may be empty
 * @param unseenTasks number of these tasks
 */
record OwnData(Map<ClientId, List<Instruction>> clients, int tasks, List<Instruction> unseen, int unseenTasks) {
    /**
     * Reads the data.
     *
     * @param count number of clients to distribute the tasks to; empty: one client per task
     * @param instances share of each task's instances; empty: 0.2 of Natural Instructions, all of other data files
     * @throws FedHdsException if they are missing, damaged or empty
     */
    static OwnData read(Path path, Optional<Integer> count, Optional<Double> instances, long seed) {
        Dataset dataset = dataset(path, instances, seed);
        Map<String, List<Instruction>> tasks = dataset.training();
        if (tasks.isEmpty()) {
            throw new FedHdsException(path + " has no training instructions");
        }
        if (count.isEmpty() && tasks.containsKey("")) {
            throw new FedHdsException(
                    path + " has instructions without a task, and without --clients there is one client per task;"
                            + " deal them to a number of clients with --clients");
        }
        Map<ClientId, List<Instruction>> clients =
                count.map(n -> Partitions.dirichlet(tasks, n, 0.5, 1, seed)).orElseGet(() -> Partitions.byTask(tasks));
        return new OwnData(
                clients, tasks.size(), dataset.allUnseen(), dataset.unseen().size());
    }

    /**
     * The same with fewer instructions for evaluation.
     *
     * @param limit largest number of instructions of each unseen task, drawn with the seed
     * @param names the unseen tasks; empty: all
     * @throws FedHdsException if a name is not that of an unseen task
     */
    OwnData evaluatedOn(Optional<Integer> limit, List<String> names, long seed) {
        Map<String, List<Instruction>> byTask = new LinkedHashMap<>();
        unseen.forEach(instruction -> byTask.computeIfAbsent(instruction.task(), t -> new ArrayList<>())
                .add(instruction));
        for (String name : names) {
            if (!byTask.containsKey(name)) {
                throw new FedHdsException(
                        "--evaluate-tasks names " + name + ", which is no unseen task; these are " + byTask.keySet());
            }
        }
        if (!names.isEmpty()) {
            byTask.keySet().retainAll(Set.copyOf(names));
        }
        List<Instruction> kept = new ArrayList<>();
        byTask.values().forEach(list -> {
            List<Instruction> shuffled = new ArrayList<>(list);
            if (limit.isPresent() && limit.get() < list.size()) {
                Collections.shuffle(shuffled, new Random(seed));
                shuffled = shuffled.subList(0, limit.get());
            }
            kept.addAll(shuffled);
        });
        return new OwnData(clients, tasks, kept, byTask.size());
    }

    private static Dataset dataset(Path path, Optional<Double> instances, long seed) {
        if (Files.isDirectory(path.resolve("tasks"))) {
            NaturalInstructions.Builder reader = NaturalInstructions.builder().seed(seed);
            instances.ifPresent(reader::share);
            return reader.build().read(path);
        }
        Dataset all = Dataset.load(path, seed);
        Map<String, List<Instruction>> part = new LinkedHashMap<>();
        all.training().forEach((task, list) -> part.put(task, part(list, instances.orElse(1.0), seed)));
        return new Dataset(part, all.unseen());
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
        return clients.values().stream().mapToInt(List::size).sum();
    }
}
