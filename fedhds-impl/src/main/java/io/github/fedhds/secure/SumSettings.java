package io.github.fedhds.secure;

import io.github.fedhds.round.ClientId;
import java.util.List;

/**
 * What all parties of one secure sum agree on.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param clients the clients that may take part, 2 or more, each once
 * @param degree neighbours of each client that it has masks with, 1 to 254; made even, and all others if there are no more
 * @param share share of a client's neighbours that must answer to the end, above 0.5 and at most 1: with half of them a server could
 *     have both secrets of a client
 * @param least clients whose vectors a sum must have, 2 or more
 * @param length number of values
 */
record SumSettings(String runId, int round, List<ClientId> clients, int degree, double share, int least, int length) {
    /** Shares of a secret have the numbers 1 to 255, and the number of neighbours is even. */
    private static final int MOST_NEIGHBOURS = 254;

    SumSettings {
        clients = List.copyOf(clients);
        if (clients.size() < 2 || clients.stream().distinct().count() < clients.size()) {
            throw new IllegalArgumentException("a secure sum has 2 clients or more, each once, was " + clients);
        }
        checkRules(degree, share, least);
        if (least > clients.size()) {
            throw new IllegalArgumentException("a secure sum needs the vectors of " + least + " clients, and only "
                    + clients.size() + " may take part");
        }
        if (length < 1) {
            throw new IllegalArgumentException("length must be 1 or more, was " + length);
        }
    }

    static void checkRules(int degree, double share, int least) {
        if (degree < 1 || degree > MOST_NEIGHBOURS) {
            throw new IllegalArgumentException("degree must be from 1 to " + MOST_NEIGHBOURS + ", was " + degree);
        }
        if (!(share > 0.5 && share <= 1)) {
            throw new IllegalArgumentException(
                    "the share of a client's neighbours that must answer must be above 0.5 and" + " at most 1, was "
                            + share + ": with half of them, a server could have both secrets of a client");
        }
        if (least < 2) {
            throw new IllegalArgumentException(
                    "the clients of a secure sum must be 2 or more, was " + least + ": the sum of one is its vector");
        }
    }

    /** How many of so many neighbours must answer to the end. */
    int threshold(int neighbours) {
        return Math.max(neighbours / 2 + 1, (int) Math.ceil(share * neighbours - 1e-9));
    }

    ClientId id(int place) {
        return clients.get(place);
    }

    /** The place of a client in the order of the clients. */
    int place(ClientId id) {
        int place = clients.indexOf(id);
        if (place < 0) {
            throw new IllegalArgumentException("client " + id + " does not take part in this sum");
        }
        return place;
    }
}
