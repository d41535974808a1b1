package io.github.fedhds.secure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The graph of clients that share masks: a ring in an order that depends on all public keys, in which each client knows the nearest
 * half of its neighbours on either side. All clients compute it, so that the server cannot give each another one.
 *
 * @see <a href="https://eprint.iacr.org/2020/704">Bell et al. 2020: SecAgg+, section 3</a>
 */
final class Neighbours {
    private final List<Integer> order;
    private final int[] place;
    private final int degree;

    /**
     * @param clients number of clients
     * @param degree neighbours of each client; as many as there are others if it is that or more
     * @param seed of the order, from all public keys
     */
    Neighbours(int clients, int degree, long seed) {
        order = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(seed));
        place = new int[clients];
        for (int i = 0; i < clients; i++) {
            place[order.get(i)] = i;
        }
        this.degree = Math.min(clients - 1, degree + degree % 2);
    }

    /** In ascending order. */
    List<Integer> of(int client) {
        List<Integer> near = new ArrayList<>();
        int n = order.size();
        if (degree == n - 1) {
            for (int i = 0; i < n; i++) {
                if (i != client) {
                    near.add(i);
                }
            }
            return near;
        }
        for (int step = 1; step <= degree / 2; step++) {
            near.add(order.get((place[client] + step) % n));
            near.add(order.get((place[client] - step + n) % n));
        }
        Collections.sort(near);
        return near;
    }
}
