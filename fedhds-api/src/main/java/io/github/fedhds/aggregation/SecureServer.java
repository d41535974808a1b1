package io.github.fedhds.aggregation;

import io.github.fedhds.round.ClientId;
import java.util.Map;
import java.util.Set;

/**
 * The server's part in the secure sum of one round. Each {@code accept} method throws an {@link IllegalArgumentException} for what it
 * does not take, and has no effect then. Each client's part is given once. For one thread at a time.
 */
public interface SecureServer {
    /** A client's public keys. */
    void acceptKeys(ClientId client, byte[] keys);

    /**
     * The keys for all clients that have sent some; no others are taken from then on.
     *
     * @throws IllegalArgumentException if they are too few for a sum
     */
    Map<ClientId, byte[]> keys();

    /** A client's sealed shares for others. */
    void acceptShares(ClientId client, Map<ClientId, byte[]> shares);

    /** The shares that were sealed for a client; no others are taken from then on. */
    Map<ClientId, byte[]> sharesFor(ClientId client);

    /** A client's masked update. */
    void acceptMasked(ClientId client, byte[] masked);

    /**
     * The clients whose masked updates are in the sum; no others are taken from then on.
     *
     * @throws IllegalArgumentException if they are too few for a sum
     */
    Set<ClientId> survivors();

    /** A survivor's shares of the others' secrets. */
    void acceptRevealed(ClientId client, Map<ClientId, byte[]> shares);

    /**
     * The mean of the survivors' updates.
     *
     * @throws IllegalStateException if too few shares were revealed, or the sum cannot be one of valid updates; nothing is known then
     */
    MeanUpdate mean();
}
