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
 * Counts messages and bytes, up (from clients) and down, per client, round and kind. The transport reports what it has
 * carried. Memory: one entry per client, round and kind, and until {@link #forgetBefore} one per client and round. Safe
 * for many threads.
 */
public final class Traffic {
    /**
     * A sum of messages and bytes.
     *
     * @param messagesUp messages from clients
     * @param bytesUp bytes of these messages
     * @param messagesDown messages to clients
     * @param bytesDown bytes of these messages
     */
    public record Count(long messagesUp, long bytesUp, long messagesDown, long bytesDown) {
        /** No messages. */
        public static final Count NONE = new Count(0, 0, 0, 0);

        /** Bytes in both directions. */
        public long bytes() {
            return bytesUp + bytesDown;
        }

        /** The sum of this and the other. */
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
     * Counts one message from a client to the server. Call it again for each retransmission.
     *
     * @param round number of the round, from 1
     * @param client the sender
     * @param kind kind of the message
     * @param bytes bytes as transferred, 0 or more
     */
    public void toServer(int round, ClientId client, MessageKind kind, long bytes) {
        carried(round, client, kind, bytes, true);
    }

    /** Counts one message from the server to this client, like {@link #toServer}. */
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

    /** The sum over all messages. */
    public synchronized Count total() {
        return total;
    }

    /** The sum of a round. */
    public synchronized Count of(int round) {
        return rounds.getOrDefault(round, Count.NONE);
    }

    /** The sum of a client over all rounds. */
    public synchronized Count of(ClientId client) {
        return clients.getOrDefault(client, Count.NONE);
    }

    /** The sum of a kind. */
    public synchronized Count of(MessageKind kind) {
        return kinds.getOrDefault(kind, Count.NONE);
    }

    /** The sum of a client in a round; {@link Count#NONE} for a forgotten round. */
    public synchronized Count of(int round, ClientId client) {
        return places.getOrDefault(new Place(round, client), Count.NONE);
    }

    /** The sums per round; a copy. */
    public synchronized SortedMap<Integer, Count> byRound() {
        return new TreeMap<>(rounds);
    }

    /** The sums per client; a copy. */
    public synchronized SortedMap<ClientId, Count> byClient() {
        return new TreeMap<>(clients);
    }

    /** Drops the entries per client and round of all rounds before this one; all other sums stay. */
    public synchronized void forgetBefore(int round) {
        places.keySet().removeIf(place -> place.round() < round);
    }

    @Override
    public synchronized String toString() {
        return "Traffic[" + rounds.size() + " rounds, " + clients.size() + " clients, " + total + "]";
    }
}
