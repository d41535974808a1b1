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
 * Names the clients of a round. Those made here know nothing but roster and round, so that a resumed run draws the same
 * clients and many servers may share one; immutable, safe for many threads. A host's own is a lambda:
 *
 * <pre>{@code
 * .sampler((roster, round) -> roster.stream().filter(online::contains).toList())
 * }</pre>
 */
@FunctionalInterface
public interface ClientSampler {
    /**
     * Chooses among the roster.
     *
     * @param roster all clients, in roster order
     * @param round the round; its client is empty
     * @return at least one client of the roster, none twice
     */
    List<ClientId> sample(List<ClientId> roster, RoundContext round);

    /**
     * A share of the roster, each client with equal chance: {@code max(1, (int) (share * roster))}, in roster order.
     *
     * @param share above 0, at most 1
     */
    static ClientSampler uniform(double share) {
        requireShare(share);
        return (roster, round) -> drawn(roster, count(share, roster), round.seedOf("clients"));
    }

    /**
     * As many clients as {@link #uniform}, drawn one after the other with a chance in proportion to their data, none
     * twice; in roster order. Clients without data are never drawn, so that fewer come where fewer have any.
     *
     * @param share above 0, at most 1
     * @param sizes a client's number of samples, or any weight, finite and 0 or more; for all of the roster, one above 0
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
        return (roster, round) -> {
            SplittableRandom random = round.random("clients");
            double[] waits = new double[roster.size()];
            List<Integer> places = new ArrayList<>();
            for (int i = 0; i < waits.length; i++) {
                Number size = weights.get(roster.get(i));
                if (size == null) {
                    throw new IllegalArgumentException("no data size is given for client " + roster.get(i));
                }
                // Waiting times of rate size: the first to come are the draw. StrictMath, for equal bits everywhere.
                waits[i] = -StrictMath.log(1 - random.nextDouble()) / size.doubleValue();
                if (size.doubleValue() > 0) {
                    places.add(i);
                }
            }
            if (places.isEmpty()) {
                throw new IllegalArgumentException("no client of the roster has data; all data sizes are 0");
            }
            places.sort(Comparator.<Integer>comparingDouble(i -> waits[i]).thenComparing(Comparator.naturalOrder()));
            return inOrder(roster, places.subList(0, Math.min(count(share, roster), places.size())));
        };
    }

    /**
     * As many clients as {@link #uniform}, in turn: round 1 names the first ones of the roster, each round those after
     * the last round's, and the first again after the last. A round that was abandoned has had its turn.
     *
     * @param share above 0, at most 1
     */
    static ClientSampler roundRobin(double share) {
        requireShare(share);
        return (roster, round) -> {
            int count = count(share, roster);
            long first = (long) (round.round() - 1) * count;
            return inOrder(
                    roster,
                    IntStream.range(0, count)
                            .mapToObj(i -> (int) ((first + i) % roster.size()))
                            .toList());
        };
    }

    /**
     * This sampler's clients; where it names fewer, others of the roster besides, each with equal chance, and all where
     * the roster has no more. In roster order.
     *
     * @param count 1 or more
     */
    default ClientSampler atLeast(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("clients of a round must be at least 1 or more, was " + count);
        }
        return (roster, round) -> {
            List<ClientId> sampled = RoleAnswer.require(sample(roster, round), "client sampler", "a list of clients");
            Set<ClientId> named = new HashSet<>(sampled);
            if (sampled.size() >= count || named.size() < sampled.size() || !new HashSet<>(roster).containsAll(named)) {
                return sampled; // enough, or what the server will not take
            }
            List<ClientId> others =
                    roster.stream().filter(client -> !named.contains(client)).toList();
            named.addAll(
                    drawn(others, Math.min(count - sampled.size(), others.size()), round.seedOf("clients besides")));
            return roster.stream().filter(named::contains).toList();
        };
    }

    private static void requireShare(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share of clients must be above 0 and at most 1, was " + share);
        }
    }

    private static int count(double share, List<ClientId> roster) {
        // 1e-9: 0.29 * 100 is 28.999999999999996 in binary, and 29 clients are meant.
        return Math.max(1, (int) (share * roster.size() + 1e-9));
    }

    private static List<ClientId> drawn(List<ClientId> clients, int count, long seed) {
        List<Integer> places =
                new ArrayList<>(IntStream.range(0, clients.size()).boxed().toList());
        Collections.shuffle(places, new Random(seed));
        return inOrder(clients, places.subList(0, count));
    }

    private static List<ClientId> inOrder(List<ClientId> roster, List<Integer> places) {
        return places.stream().sorted().map(roster::get).toList();
    }
}
