package io.github.fedhds.dataset;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.RandomOrder;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Distributes the instructions of a data set to clients; each instruction goes to exactly one client, and equal ones
 * count as several. The given map has the instructions by task, as in {@link Dataset#training}, or by any other label that
 * the application groups by. The returned maps keep the order of the clients.
 *
 * <p>Equal arguments give equal clients, on every platform; the order of the given map matters. Except in
 * {@link #byTask}, the names of the clients start at {@code client-0}, with leading zeros, and there must be as many
 * instructions as clients or more. One client for each value of a column of the data is {@link #byTask} of
 * {@link DataFile#readBy}. {@link PartitionSummary} describes a partition.
 *
 * @see <a href="https://arxiv.org/abs/2102.02079">Li et al. 2022: Federated learning on non-IID data silos, section 4:
 *     partitions by label count, by Dirichlet distribution and by quantity</a>
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
     * Dolly (alpha 0.5 and 5.0). A smaller alpha gives more heterogeneous clients, in tasks and in size. With a
     * minimum of 0, each client's number of instructions of a task differs from its drawn share by at most one.
     *
     * @param tasks instructions by task
     * @param clients number of clients, from 1 to the number of instructions
     * @param alpha concentration, finite and above 0
     * @param least minimum number of instructions per client, or an equal share if there are too few; moved from the
     *     clients that have most
     * @param seed seed of shares and order
     */
    public static Map<ClientId, List<Instruction>> dirichlet(
            Map<String, List<Instruction>> tasks, int clients, double alpha, int least, long seed) {
        checkAlpha(alpha);
        List<List<Instruction>> byClient = empty(clients, tasks);
        tasks.forEach((task, list) -> {
            SplittableRandom random = Dataset.random(seed, "partition of " + task);
            List<Instruction> shuffled = RandomOrder.shuffled(list, random);
            distribute(shuffled, Gamma.dirichlet(clients, alpha, random), byClient);
        });
        fillUp(byClient, least);
        return named(byClient);
    }

    /**
     * Gives each client instructions of a number of tasks, and distributes each task evenly over the clients that have
     * it. Tasks have about the same number of clients, which are drawn at random, but never more clients than
     * instructions; where tasks are so small, some clients have fewer tasks. Each client has an instruction or more.
     *
     * @param tasks instructions by task; tasks without instructions are ignored
     * @param clients number of clients, from 1 to the number of instructions
     * @param tasksPerClient from 1 to the number of tasks; {@code clients * tasksPerClient} must be at least the number
     *     of tasks, since each needs a client
     * @param seed seed of the tasks of each client and the order
     */
    public static Map<ClientId, List<Instruction>> byTaskCount(
            Map<String, List<Instruction>> tasks, int clients, int tasksPerClient, long seed) {
        List<List<Instruction>> byClient = empty(clients, tasks);
        Map<String, List<Instruction>> held = new LinkedHashMap<>(tasks);
        held.values().removeIf(List::isEmpty);
        if (tasksPerClient < 1 || tasksPerClient > held.size()) {
            throw new IllegalArgumentException("tasksPerClient must be 1 to " + held.size()
                    + ", the number of tasks of the data, was " + tasksPerClient);
        }
        if ((long) clients * tasksPerClient < held.size()) {
            throw new IllegalArgumentException(clients + " clients of " + tasksPerClient
                    + " tasks each cannot hold the "
                    + held.size() + " tasks of the data; take " + (held.size() + tasksPerClient - 1) / tasksPerClient
                    + " clients or more, or " + (held.size() + clients - 1) / clients + " tasks or more for each");
        }
        List<List<Instruction>> shuffled = new ArrayList<>();
        held.forEach(
                (task, list) -> shuffled.add(RandomOrder.shuffled(list, Dataset.random(seed, "partition of " + task))));
        List<List<Integer>> owners =
                owners(shuffled, clients, tasksPerClient, Dataset.random(seed, "tasks of clients"));
        for (int task = 0; task < shuffled.size(); task++) {
            List<Integer> own = owners.get(task);
            for (int i = 0; i < shuffled.get(task).size(); i++) {
                byClient.get(own.get(i % own.size())).add(shuffled.get(task).get(i));
            }
        }
        return named(byClient);
    }

    /**
     * The clients of each task, in random order. In turn, each client takes a task that it does not have, one of those
     * with fewest clients. A task has at most as many clients as instructions, so each client's first task has one for
     * it.
     */
    private static List<List<Integer>> owners(
            List<List<Instruction>> tasks, int clients, int each, SplittableRandom random) {
        List<List<Integer>> owners = new ArrayList<>();
        tasks.forEach(task -> owners.add(new ArrayList<>()));
        List<BitSet> taken = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            taken.add(new BitSet());
        }
        for (int turn = 0; turn < each; turn++) {
            for (int client = 0; client < clients; client++) {
                BitSet own = taken.get(client);
                int[] free = IntStream.range(0, tasks.size())
                        .filter(task -> !own.get(task)
                                && owners.get(task).size() < tasks.get(task).size())
                        .toArray();
                int fewest = IntStream.of(free)
                        .map(task -> owners.get(task).size())
                        .min()
                        .orElse(0);
                int[] best = IntStream.of(free)
                        .filter(task -> owners.get(task).size() == fewest)
                        .toArray();
                if (best.length > 0) {
                    int task = best[random.nextInt(best.length)];
                    own.set(task);
                    owners.get(task).add(client);
                }
            }
        }
        owners.replaceAll(own -> RandomOrder.shuffled(own, random));
        return owners;
    }

    /**
     * Distributes all instructions at random to clients of equal size, whatever their tasks (IID). Two clients differ
     * in size by at most one.
     *
     * @param tasks instructions by task
     * @param clients number of clients, from 1 to the number of instructions
     * @param seed seed of the order
     */
    public static Map<ClientId, List<Instruction>> even(Map<String, List<Instruction>> tasks, int clients, long seed) {
        List<List<Instruction>> byClient = empty(clients, tasks);
        List<Instruction> shuffled = shuffled(tasks, seed);
        for (int i = 0; i < shuffled.size(); i++) {
            byClient.get(i % clients).add(shuffled.get(i));
        }
        return named(byClient);
    }

    /**
     * Distributes all instructions at random, whatever their tasks, to clients whose shares of them are drawn from a
     * Dirichlet distribution. A smaller alpha gives sizes that differ more. With a minimum of 0, each client's number
     * of instructions differs from its drawn share by at most one.
     *
     * @param tasks instructions by task
     * @param clients number of clients, from 1 to the number of instructions
     * @param alpha concentration, finite and above 0
     * @param least minimum number of instructions per client, or an equal share if there are too few; moved from the
     *     clients that have most
     * @param seed seed of sizes and order
     */
    public static Map<ClientId, List<Instruction>> byQuantity(
            Map<String, List<Instruction>> tasks, int clients, double alpha, int least, long seed) {
        checkAlpha(alpha);
        List<List<Instruction>> byClient = empty(clients, tasks);
        double[] shares = Gamma.dirichlet(clients, alpha, Dataset.random(seed, "sizes of clients"));
        distribute(shuffled(tasks, seed), shares, byClient);
        fillUp(byClient, least);
        return named(byClient);
    }

    private static void checkAlpha(double alpha) {
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be finite and above 0, was " + alpha);
        }
    }

    private static List<List<Instruction>> empty(int clients, Map<String, List<Instruction>> tasks) {
        if (clients < 1) {
            throw new IllegalArgumentException("clients must be 1 or more, was " + clients);
        }
        long all = tasks.values().stream().mapToLong(List::size).sum();
        if (clients > all) {
            throw new IllegalArgumentException(
                    "clients must be at most the number of instructions, " + all + ", was " + clients);
        }
        List<List<Instruction>> byClient = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            byClient.add(new ArrayList<>());
        }
        return byClient;
    }

    private static List<Instruction> shuffled(Map<String, List<Instruction>> tasks, long seed) {
        return RandomOrder.shuffled(
                tasks.values().stream().flatMap(Collection::stream).toList(), Dataset.random(seed, "partition of all"));
    }

    /** Cuts a list at the rounded sums of the shares, so that no rounding error adds up. */
    private static void distribute(List<Instruction> list, double[] shares, List<List<Instruction>> byClient) {
        double sum = 0;
        int from = 0;
        for (int client = 0; client < shares.length; client++) {
            sum += shares[client];
            boolean last = client == shares.length - 1;
            int to = last ? list.size() : Math.max(from, (int) Math.min(list.size(), Math.round(sum * list.size())));
            byClient.get(client).addAll(list.subList(from, to));
            from = to;
        }
    }

    /** Moves single instructions from the largest client (the first among equals) to those below the minimum. */
    private static void fillUp(List<List<Instruction>> byClient, int least) {
        if (least < 0) {
            throw new IllegalArgumentException("least must be 0 or more, was " + least);
        }
        long total = byClient.stream().mapToLong(List::size).sum();
        int minimum = (int) Math.min(least, total / byClient.size());
        PriorityQueue<Integer> largest = new PriorityQueue<>(
                Comparator.<Integer>comparingInt(client -> -byClient.get(client).size())
                        .thenComparing(Comparator.naturalOrder()));
        for (int client = 0; client < byClient.size(); client++) {
            if (byClient.get(client).size() > minimum) {
                largest.add(client);
            }
        }
        for (List<Instruction> client : byClient) {
            while (client.size() < minimum) {
                int giver = largest.remove(); // some client has more than the minimum as long as one has less
                List<Instruction> from = byClient.get(giver);
                client.add(from.remove(from.size() - 1));
                if (from.size() > minimum) {
                    largest.add(giver);
                }
            }
        }
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
}
