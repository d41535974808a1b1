package io.github.fedhds.dataset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
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
 */
public record PartitionSummary(
        int clients,
        int instructions,
        int least,
        double median,
        int most,
        int tasks,
        double tasksPerClient,
        double heterogeneity) {
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
        Map<String, Double> overall =
                shares(clients.values().stream().flatMap(Collection::stream).toList());
        double distances = 0;
        double tasks = 0;
        int holders = 0;
        for (List<Instruction> held : clients.values()) {
            if (!held.isEmpty()) {
                Map<String, Double> own = shares(held);
                double distance = 0;
                for (Map.Entry<String, Double> share : overall.entrySet()) {
                    distance += Math.abs(own.getOrDefault(share.getKey(), 0.0) - share.getValue()) / 2;
                }
                distances += distance;
                tasks += own.size();
                holders++;
            }
        }
        int n = sizes.length;
        return new PartitionSummary(
                n,
                all,
                sizes[0],
                (sizes[(n - 1) / 2] + sizes[n / 2]) / 2.0,
                sizes[n - 1],
                overall.size(),
                tasks / n,
                distances / holders);
    }

    private static Map<String, Double> shares(List<Instruction> instructions) {
        Map<String, Double> shares = new HashMap<>();
        instructions.forEach(instruction -> shares.merge(instruction.task(), 1.0 / instructions.size(), Double::sum));
        return shares;
    }
}
