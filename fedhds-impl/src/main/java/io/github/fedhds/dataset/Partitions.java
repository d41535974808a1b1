package io.github.fedhds.dataset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Distributes the instructions of a data set to clients; each instruction goes to exactly one client. The maps keep the
 * order of the clients. Equal arguments give equal clients, on every platform. A partition by a column of data files is read
 * by {@link DataFile#readBy}; {@link PartitionSummary} describes a partition.
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
        checkAlpha(alpha, least);
        List<List<Instruction>> byClient = empty(clients);
        tasks.forEach((task, list) -> distribute(list, byClient, alpha, Dataset.random(seed, "partition of " + task)));
        long total = byClient.stream().mapToLong(List::size).sum();
        fillUp(byClient, (int) Math.min(least, total / clients));

        return named(byClient);
    }

    /**
     * Distributes all instructions at random to clients of equal size (up to one), so that all clients have about the same
     * shares of the tasks.
     *
     * @param clients number of clients, 1 or more, named as by {@link #dirichlet}; some are empty if there are fewer
     *     instructions
     */
    public static Map<ClientId, List<Instruction>> even(Map<String, List<Instruction>> tasks, int clients, long seed) {
        List<List<Instruction>> byClient = empty(clients);
        List<Instruction> shuffled = shuffled(tasks, Dataset.random(seed, "even partition"));
        for (int i = 0; i < shuffled.size(); i++) {
            byClient.get(i % clients).add(shuffled.get(i));
        }
        return named(byClient);
    }

    /**
     * Distributes all instructions at random to clients whose shares of them are drawn from a Dirichlet distribution: the
     * clients differ in size, and about the same shares of the tasks are in each.
     *
     * @param clients number of clients, 1 or more, named as by {@link #dirichlet}
     * @param alpha concentration, finite and above 0; a smaller one gives more unequal sizes
     * @param least minimum number of instructions per client, as for {@link #dirichlet}
     */
    public static Map<ClientId, List<Instruction>> byQuantity(
            Map<String, List<Instruction>> tasks, int clients, double alpha, int least, long seed) {
        checkAlpha(alpha, least);
        List<List<Instruction>> byClient = empty(clients);
        SplittableRandom random = Dataset.random(seed, "partition by quantity");
        List<Instruction> shuffled = shuffled(tasks, random);
        distribute(shuffled, byClient, alpha, random);
        fillUp(byClient, (int) Math.min(least, (long) shuffled.size() / clients));
        return named(byClient);
    }

    /**
     * Gives each client instructions of a number of tasks. Tasks are assigned in turn, in an order at random, so that each
     * has about equally many clients; the instructions of a task are distributed evenly (up to one) to its clients.
     *
     * @param clients number of clients, 1 or more, named as by {@link #dirichlet}
     * @param tasksPerClient 1 to the number of tasks; a client has fewer if a task has fewer instructions than clients
     * @throws IllegalArgumentException also if the clients together have room for fewer tasks than there are
     */
    public static Map<ClientId, List<Instruction>> byTaskCount(
            Map<String, List<Instruction>> tasks, int clients, int tasksPerClient, long seed) {
        List<List<Instruction>> byClient = empty(clients);
        if (tasksPerClient < 1 || tasksPerClient > tasks.size()) {
            throw new IllegalArgumentException(
                    "tasksPerClient must be 1 to " + tasks.size() + ", the number of tasks, was " + tasksPerClient);
        }
        if ((long) clients * tasksPerClient < tasks.size()) {
            throw new IllegalArgumentException(
                    clients + " clients of " + tasksPerClient + " tasks each leave out some of the " + tasks.size()
                            + " tasks; raise the number of clients or of tasks per client");
        }
        SplittableRandom random = Dataset.random(seed, "partition by task count");
        List<String> order = RandomOrder.shuffled(List.copyOf(tasks.keySet()), random);
        List<List<Integer>> owners = new ArrayList<>();
        order.forEach(task -> owners.add(new ArrayList<>()));
        for (int place = 0; place < clients * tasksPerClient; place++) {
            owners.get(place % order.size()).add(place / tasksPerClient);
        }
        for (int i = 0; i < order.size(); i++) {
            List<Instruction> shuffled = RandomOrder.shuffled(tasks.getOrDefault(order.get(i), List.of()), random);
            for (int j = 0; j < shuffled.size(); j++) {
                byClient.get(owners.get(i).get(j % owners.get(i).size())).add(shuffled.get(j));
            }
        }
        return named(byClient);
    }

    private static void checkAlpha(double alpha, int least) {
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be finite and above 0, was " + alpha);
        }
        if (least < 0) {
            throw new IllegalArgumentException("least must be 0 or more, was " + least);
        }
    }

    private static List<List<Instruction>> empty(int clients) {
        if (clients < 1) {
            throw new IllegalArgumentException("clients must be 1 or more, was " + clients);
        }
        List<List<Instruction>> byClient = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            byClient.add(new ArrayList<>());
        }
        return byClient;
    }

    private static List<Instruction> shuffled(Map<String, List<Instruction>> tasks, SplittableRandom random) {
        return RandomOrder.shuffled(
                tasks.values().stream().flatMap(Collection::stream).toList(), random);
    }

    private static Map<ClientId, List<Instruction>> named(List<List<Instruction>> byClient) {
        Map<ClientId, List<Instruction>> result = new LinkedHashMap<>();
        int digits = String.valueOf(byClient.size() - 1).length();
        for (int client = 0; client < byClient.size(); client++) {
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
