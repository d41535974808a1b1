package io.github.fedhds.secure;

import io.github.fedhds.round.ClientId;
import java.util.List;

/**
 * What all parties of one secure sum agree on.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param clients the clients, 2 or more, each once
 * @param degree neighbours of each client that it has masks with, 1 or more; made even, and all others if there are no more
 * @param threshold neighbours of a client that must answer to the end; more than half of them
 * @param length number of values
 */
public record SumSettings(String runId, int round, List<ClientId> clients, int degree, int threshold, int length) {
    public SumSettings {
        clients = List.copyOf(clients);
        if (clients.size() < 2 || clients.stream().distinct().count() < clients.size()) {
            throw new IllegalArgumentException("a secure sum has 2 clients or more, each once, was " + clients);
        }
        if (degree < 1) {
            throw new IllegalArgumentException("degree must be 1 or more, was " + degree);
        }
        int neighbours = Math.min(clients.size() - 1, degree + degree % 2);
        if (neighbours > 255) {
            throw new IllegalArgumentException(
                    "a client has at most 255 neighbours, was " + neighbours + "; lower degree");
        }
        if (threshold > neighbours || 2 * threshold <= neighbours) {
            throw new IllegalArgumentException("threshold must be more than half of a client's " + neighbours
                    + " neighbours and at most all, was " + threshold
                    + ": with half of them or fewer, a server could have both secrets of a client");
        }
        if (length < 1) {
            throw new IllegalArgumentException("length must be 1 or more, was " + length);
        }
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
