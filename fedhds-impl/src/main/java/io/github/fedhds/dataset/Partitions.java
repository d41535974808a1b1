package io.github.fedhds.dataset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Distributes the instructions of a data set to clients; each instruction goes to exactly one client. The maps keep the
 * order of the clients.
 */
public final class Partitions {
    private Partitions() {}

    /**
     * One task per client, named after the task, as in the FedHDS paper for Natural Instructions.
     *
     * @throws IllegalArgumentException if a task's name is not a valid client id, for example empty
     */
    public static Map<ClientId, List<Instruction>> byTask(Map<String, List<Instruction>> tasks) {
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        List<Instruction> nameless = tasks.getOrDefault("", List.of());
        if (!nameless.isEmpty()) {
            int all = tasks.values().stream().mapToInt(List::size).sum();
            throw new IllegalArgumentException(nameless.size() + " of " + all + " instructions have no task, and byTask"
                    + " makes one client per task; name the task of each, or use Partitions.dirichlet with a number of"
                    + " clients");
        }
        tasks.forEach((task, list) -> clients.put(new ClientId(task), List.copyOf(list)));
        return Collections.unmodifiableMap(clients);
    }

    /**
     * Distributes each task over all clients in shares drawn from a Dirichlet distribution, as in the FedHDS paper for
     * Dolly (alpha 0.5 and 5.0). A smaller alpha gives more heterogeneous clients. Equal arguments give equal clients,
     * on every platform.
     *
     * @param tasks instructions by task; the order of the map matters
     * @param clients number of clients, 1 or more; their names start at {@code client-0}, with leading zeros
     * @param alpha concentration, finite and above 0
     * @param least minimum number of instructions per client, or an equal share if there are too few; moved from the
     *     clients that have most
     * @param seed seed of shares and order
     */
    public static Map<ClientId, List<Instruction>> dirichlet(
            Map<String, List<Instruction>> tasks, int clients, double alpha, int least, long seed) {
        if (clients < 1) {
            throw new IllegalArgumentException("clients must be 1 or more, was " + clients);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be finite and above 0, was " + alpha);
        }
        if (least < 0) {
            throw new IllegalArgumentException("least must be 0 or more, was " + least);
        }
        List<List<Instruction>> byClient = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            byClient.add(new ArrayList<>());
        }
        tasks.forEach((task, list) -> distribute(list, byClient, alpha, Dataset.random(seed, "partition of " + task)));
        long total = byClient.stream().mapToLong(List::size).sum();
        fillUp(byClient, (int) Math.min(least, total / clients));

        Map<ClientId, List<Instruction>> result = new LinkedHashMap<>();
        int digits = String.valueOf(clients - 1).length();
        for (int client = 0; client < clients; client++) {
            String number = String.valueOf(client);
            result.put(
                    new ClientId("client-" + "0".repeat(digits - number.length()) + number),
                    List.copyOf(byClient.get(client)));
        }
        return Collections.unmodifiableMap(result);
    }

    private static void distribute(
            List<Instruction> task, List<List<Instruction>> byClient, double alpha, SplittableRandom random) {
        List<Instruction> shuffled = RandomOrder.shuffled(task, random);
        double[] shares = Gamma.dirichlet(byClient.size(), alpha, random);
        double sum = 0;
        int from = 0;
        for (int client = 0; client < byClient.size(); client++) {
            sum += shares[client];
            boolean last = client == byClient.size() - 1;
            int to = last
                    ? shuffled.size()
                    : Math.max(from, (int) Math.min(shuffled.size(), Math.round(sum * shuffled.size())));
            byClient.get(client).addAll(shuffled.subList(from, to));
            from = to;
        }
    }

    /** Moves single instructions from the largest client (the first among equals) to those below the minimum. */
    private static void fillUp(List<List<Instruction>> byClient, int least) {
        for (List<Instruction> client : byClient) {
            while (client.size() < least) {
                List<Instruction> largest = byClient.get(0);
                for (List<Instruction> other : byClient) {
                    if (other.size() > largest.size()) {
                        largest = other;
                    }
                }
                client.add(largest.remove(largest.size() - 1));
            }
        }
    }
}
