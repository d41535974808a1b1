package io.github.fedhds;

import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Chooses the clients of a round. The samplers made here depend only on the registered clients and the round, so a resumed
 * run draws the same clients, and several servers may share one. They are immutable and safe for many threads. A sampler of
 * your own is a lambda:
 *
 * <pre>{@code
 * .sampler((clients, round) -> clients.stream().filter(online::contains).toList())
 * }</pre>
 */
@FunctionalInterface
public interface ClientSampler {
    /**
     * Chooses among the registered clients.
     *
     * @param clients all registered clients, in order
     * @param round the round; its client is empty
     * @return at least one registered client, none twice
     */
    List<ClientId> sample(List<ClientId> clients, RoundContext round);

    /**
     * Draws a share of the registered clients at random, all with equal probability: {@code max(1, (int) (share * n))} of n
     * clients, in registered order.
     *
     * @param share above 0, at most 1
     */
    static ClientSampler uniform(double share) {
        requireShare(share);
        return (clients, round) -> drawn(clients, count(share, clients), round.seedOf("clients"));
    }

    /**
     * Draws as many clients as {@link #uniform}, one after the other with a probability proportional to their data, none twice;
     * in registered order. Clients without data are never drawn, so fewer are drawn where fewer have data.
     *
     * @param share above 0, at most 1
     * @param sizes a client's number of samples, or any weight, finite and 0 or more; for every
     *     registered client, at least one above 0
     * @see <a href="https://doi.org/10.1016/j.ipl.2005.11.003">Efraimidis, Spirakis 2006: Weighted random sampling with a
     *     reservoir, algorithm A</a>
     */
    static ClientSampler byDataSize(double share, Map<ClientId, ? extends Number> sizes) {
        requireShare(share);
        Map<ClientId, Number> weights = Map.copyOf(sizes);
        weights.forEach((client, size) -> {
            if (!(size.doubleValue() >= 0) || Double.isInfinite(size.doubleValue())) {
                throw new IllegalArgumentException(
                        "the data size of client " + client + " must be finite and 0 or more, was " + size);
            }
        });
        return (clients, round) -> {
            SplittableRandom random = round.random("clients");
            double[] waits = new double[clients.size()];
            List<Integer> places = new ArrayList<>();
            for (int i = 0; i < waits.length; i++) {
                Number size = weights.get(clients.get(i));
                if (size == null) {
                    throw new IllegalArgumentException("no data size is given for client " + clients.get(i));
                }
                // Waiting times of rate size: the first to come are the draw. StrictMath, for equal bits everywhere.
                waits[i] = -StrictMath.log(1 - random.nextDouble()) / size.doubleValue();
                if (size.doubleValue() > 0) {
                    places.add(i);
                }
            }
            if (places.isEmpty()) {
                throw new IllegalArgumentException("no registered client has data; all data sizes are 0");
            }
            places.sort(Comparator.<Integer>comparingDouble(i -> waits[i]).thenComparing(Comparator.naturalOrder()));
            return inOrder(clients, places.subList(0, Math.min(count(share, clients), places.size())));
        };
    }

    /**
     * Names as many clients as {@link #uniform}, in turn: round 1 the first ones, each round the next ones, and after the last
     * client the first again. An abandoned round counts.
     *
     * @param share above 0, at most 1
     */
    static ClientSampler roundRobin(double share) {
        requireShare(share);
        return (clients, round) -> {
            int count = count(share, clients);
            long first = (long) (round.round() - 1) * count;
            return inOrder(
                    clients,
                    IntStream.range(0, count)
                            .mapToObj(i -> (int) ((first + i) % clients.size()))
                            .toList());
        };
    }

    /**
     * This sampler's clients; where it names fewer than {@code count}, others drawn at random in addition, and all where no
     * more are registered. In registered order.
     *
     * @param count 1 or more
     */
    default ClientSampler atLeast(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("clients of a round must be at least 1 or more, was " + count);
        }
        return (clients, round) -> {
            List<ClientId> sampled = RoleAnswer.require(sample(clients, round), "client sampler", "a list of clients");
            Set<ClientId> named = new HashSet<>(sampled);
            if (sampled.size() >= count
                    || named.size() < sampled.size()
                    || !new HashSet<>(clients).containsAll(named)) {
                return sampled; // enough, or what the server will not take
            }
            List<ClientId> others =
                    clients.stream().filter(client -> !named.contains(client)).toList();
            named.addAll(
                    drawn(others, Math.min(count - sampled.size(), others.size()), round.seedOf("clients besides")));
            return clients.stream().filter(named::contains).toList();
        };
    }

    private static void requireShare(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share of clients must be above 0 and at most 1, was " + share);
        }
    }

    private static int count(double share, List<ClientId> clients) {
        // 1e-9: 0.29 * 100 is 28.999999999999996 in binary, and 29 clients are meant.
        return Math.max(1, (int) (share * clients.size() + 1e-9));
    }

    private static List<ClientId> drawn(List<ClientId> clients, int count, long seed) {
        List<Integer> places =
                new ArrayList<>(IntStream.range(0, clients.size()).boxed().toList());
        Collections.shuffle(places, new Random(seed));
        return inOrder(clients, places.subList(0, count));
    }

    private static List<ClientId> inOrder(List<ClientId> clients, List<Integer> places) {
        return places.stream().sorted().map(clients::get).toList();
    }
}
