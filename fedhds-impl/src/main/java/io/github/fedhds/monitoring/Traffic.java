package io.github.fedhds.monitoring;

import io.github.fedhds.message.MessageKind;
import io.github.fedhds.round.ClientId;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Counts what travels: messages and bytes, up (from clients) and down, for each client, round and kind. The transport says
 * what it has carried. Memory: an entry a client, a round and a kind, and until {@link #forgetBefore} one for each client of
 * each round. Safe for many threads.
 */
public final class Traffic {
    /**
     * A sum.
     *
     * @param messagesUp messages from clients
     * @param bytesUp their bytes
     * @param messagesDown messages to clients
     * @param bytesDown their bytes
     */
    public record Count(long messagesUp, long bytesUp, long messagesDown, long bytesDown) {
        /** Nothing travelled. */
        public static final Count NONE = new Count(0, 0, 0, 0);

        /** Bytes both ways. */
        public long bytes() {
            return bytesUp + bytesDown;
        }

        /** The sum of both. */
        public Count plus(Count other) {
            return new Count(
                    messagesUp + other.messagesUp,
                    bytesUp + other.bytesUp,
                    messagesDown + other.messagesDown,
                    bytesDown + other.bytesDown);
        }

        private static Count one(boolean up, long bytes) {
            return up ? new Count(1, bytes, 0, 0) : new Count(0, 0, 1, bytes);
        }
    }

    private record Place(int round, ClientId client) {}

    private final Map<Place, Count> places = new HashMap<>();
    private final SortedMap<ClientId, Count> clients = new TreeMap<>();
    private final SortedMap<Integer, Count> rounds = new TreeMap<>();
    private final SortedMap<MessageKind, Count> kinds = new TreeMap<>(Comparator.naturalOrder());
    private Count total = Count.NONE;

    /**
     * One message was carried from a client to the server; call it again for each time that it is sent again.
     *
     * @param round number, from 1
     * @param client the sender
     * @param kind what it is
     * @param bytes as they travelled, 0 or more
     */
    public void toServer(int round, ClientId client, MessageKind kind, long bytes) {
        carried(round, client, kind, bytes, true);
    }

    /** One message was carried from the server to this client, as {@link #toServer}. */
    public void toClient(int round, ClientId client, MessageKind kind, long bytes) {
        carried(round, client, kind, bytes, false);
    }

    private synchronized void carried(int round, ClientId client, MessageKind kind, long bytes, boolean up) {
        if (round < 1 || bytes < 0) {
            throw new IllegalArgumentException(
                    "round must be 1 or more and bytes 0 or more, were " + round + " and " + bytes);
        }
        Count one = Count.one(up, bytes);
        places.merge(new Place(round, Objects.requireNonNull(client, "client")), one, Count::plus);
        clients.merge(client, one, Count::plus);
        rounds.merge(round, one, Count::plus);
        kinds.merge(kind, one, Count::plus);
        total = total.plus(one);
    }

    /** All of it. */
    public synchronized Count total() {
        return total;
    }

    /** One round's. */
    public synchronized Count of(int round) {
        return rounds.getOrDefault(round, Count.NONE);
    }

    /** One client's, in all rounds. */
    public synchronized Count of(ClientId client) {
        return clients.getOrDefault(client, Count.NONE);
    }

    /** One kind's. */
    public synchronized Count of(MessageKind kind) {
        return kinds.getOrDefault(kind, Count.NONE);
    }

    /** One client's in one round; none of a forgotten round. */
    public synchronized Count of(int round, ClientId client) {
        return places.getOrDefault(new Place(round, client), Count.NONE);
    }

    /** A copy: each round's. */
    public synchronized SortedMap<Integer, Count> byRound() {
        return new TreeMap<>(rounds);
    }

    /** A copy: each client's. */
    public synchronized SortedMap<ClientId, Count> byClient() {
        return new TreeMap<>(clients);
    }

    /** Drops what single clients sent in rounds before this one; every sum stays. */
    public synchronized void forgetBefore(int round) {
        places.keySet().removeIf(place -> place.round() < round);
    }

    @Override
    public synchronized String toString() {
        return "Traffic[" + rounds.size() + " rounds, " + clients.size() + " clients, " + total + "]";
    }
}
