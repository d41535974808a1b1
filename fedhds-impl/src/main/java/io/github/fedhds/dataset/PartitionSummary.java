package io.github.fedhds.dataset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How instructions are distributed over clients.
 *
 * @param clients number of clients
 * @param instructions number of instructions of all clients
 * @param least instructions of the smallest client
 * @param median of the clients' numbers of instructions; the mean of the two in the middle if their number is even
 * @param most instructions of the largest client
 * @param tasks number of different tasks
 * @param tasksPerClient mean number of different tasks of a client
 * @param heterogeneity mean over the clients of the total variation distance between the client's shares of the tasks and
 *     those of all instructions: 0 if all clients have the same shares, near 1 if each has few tasks of many. Clients
 *     without instructions do not count
 * @param heterogeneityAtRandom the same if the instructions are given at random to clients of the same sizes: above 0,
 *     since small clients cannot have all shares. One draw, always the same
 */
public record PartitionSummary(
        int clients,
        int instructions,
        int least,
        double median,
        int most,
        int tasks,
        double tasksPerClient,
        double heterogeneity,
        double heterogeneityAtRandom) {
    /**
     * Summarises a partition. Time and memory linear in clients times tasks.
     *
     * @throws IllegalArgumentException if there is no client or no instruction
     */
    public static PartitionSummary of(Map<ClientId, List<Instruction>> clients) {
        int[] sizes = clients.values().stream().mapToInt(List::size).sorted().toArray();
        int all = Arrays.stream(sizes).sum();
        if (all == 0) {
            throw new IllegalArgumentException(
                    "a partition has one instruction or more, was " + sizes.length + " clients without any");
        }
        List<List<String>> tasks = new ArrayList<>();
        clients.values()
                .forEach(held -> tasks.add(held.stream().map(Instruction::task).toList()));
        Map<String, Double> overall =
                shares(tasks.stream().flatMap(Collection::stream).toList());
        int n = sizes.length;
        return new PartitionSummary(
                n,
                all,
                sizes[0],
                (sizes[(n - 1) / 2] + sizes[n / 2]) / 2.0,
                sizes[n - 1],
                overall.size(),
                tasks.stream().mapToLong(own -> own.stream().distinct().count()).sum() / (double) n,
                meanDistance(tasks, overall),
                meanDistance(atRandom(tasks), overall));
    }

    private static double meanDistance(List<List<String>> clients, Map<String, Double> overall) {
        return clients.stream()
                .filter(held -> !held.isEmpty())
                .mapToDouble(held -> {
                    Map<String, Double> own = shares(held);
                    double distance = 0;
                    for (Map.Entry<String, Double> share : overall.entrySet()) {
                        distance += Math.abs(own.getOrDefault(share.getKey(), 0.0) - share.getValue()) / 2;
                    }
                    return distance;
                })
                .average()
                .orElse(0);
    }

    private static List<List<String>> atRandom(List<List<String>> clients) {
        List<String> shuffled = RandomOrder.shuffled(
                clients.stream().flatMap(Collection::stream).toList(), Dataset.random(0, "summary of a partition"));
        List<List<String>> others = new ArrayList<>();
        int from = 0;
        for (List<String> client : clients) {
            others.add(shuffled.subList(from, from + client.size()));
            from += client.size();
        }
        return others;
    }

    private static Map<String, Double> shares(List<String> tasks) {
        Map<String, Double> shares = new HashMap<>();
        tasks.forEach(task -> shares.merge(task, 1.0, Double::sum));
        shares.replaceAll((task, count) -> count / tasks.size());
        return shares;
    }
}
