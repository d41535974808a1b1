package io.github.fedhds;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Names the clients of a round. */
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
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share of clients must be above 0 and at most 1, was " + share);
        }
        return (roster, round) -> {
            // 1e-9: 0.29 * 100 is 28.999999999999996 in binary, and 29 clients are meant.
            int count = Math.max(1, (int) (share * roster.size() + 1e-9));
            List<Integer> places = new ArrayList<>();
            for (int i = 0; i < roster.size(); i++) {
                places.add(i);
            }
            Collections.shuffle(places, new Random(round.seedOf("clients")));
            return places.subList(0, count).stream()
                    .sorted(Comparator.naturalOrder())
                    .map(roster::get)
                    .toList();
        };
    }
}
