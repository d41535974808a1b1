package io.github.fedhds.aggregation;

import io.github.fedhds.round.ClientId;
import java.util.Map;
import java.util.Set;

/**
 * A client's part in the secure sum of one round: four answers, each asked for once, in this order. A method that throws an {@link
 * IllegalArgumentException} or {@link IllegalStateException} has revealed nothing, and the client then withdraws. For one thread at a time.
 */
public interface SecureClient {
    /** Public keys, for all clients of the sum. */
    byte[] keys();

    /**
     * Shares of the client's secrets, each sealed for one other client.
     *
     * @param keys of all clients that take part, with this one's
     */
    Map<ClientId, byte[]> shares(Map<ClientId, byte[]> keys);

    /**
     * The masked update.
     *
     * @param shares those that others have sealed for this client
     */
    byte[] masked(Map<ClientId, byte[]> shares);

    /**
     * Of each other client one share: that of its own mask if its masked update arrived, otherwise that of its key. Never both.
     *
     * @param survivors the clients whose masked updates arrived
     */
    Map<ClientId, byte[]> revealed(Set<ClientId> survivors);
}
