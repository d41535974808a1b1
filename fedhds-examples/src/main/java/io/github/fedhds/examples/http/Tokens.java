package io.github.fedhds.examples.http;

import com.google.common.hash.Hashing;
import io.github.fedhds.round.ClientId;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Bearer tokens of the clients. A server keeps their SHA-256 only, so that its files let nobody in. Immutable, safe for many
 * threads.
 */
public final class Tokens {
    private static final int BYTES = 32;

    private final Map<String, ClientId> ownerByHash;

    private Tokens(Map<String, ClientId> ownerByHash) {
        this.ownerByHash = Map.copyOf(ownerByHash);
    }

    /** New random tokens, one for each client, to be handed to it in secret. */
    public static Map<ClientId, String> create(List<ClientId> clients) {
        Map<ClientId, String> tokens = new LinkedHashMap<>();
        clients.forEach(client -> tokens.put(client, Protocol.random(BYTES)));
        return tokens;
    }

    /** SHA-256 of a token, in hexadecimal: what a server keeps. */
    public static String hash(String token) {
        return Hashing.sha256().hashString(token, StandardCharsets.UTF_8).toString();
    }

    /**
     * The tokens of a server.
     *
     * @param hashes {@link #hash} of each client's token
     * @throws IllegalArgumentException if two clients have the same token
     */
    public static Tokens ofHashes(Map<ClientId, String> hashes) {
        Map<String, ClientId> owners = new HashMap<>();
        hashes.forEach((client, hash) -> {
            ClientId other = owners.put(hash, client);
            if (other != null) {
                throw new IllegalArgumentException("clients " + other + " and " + client + " have the same token");
            }
        });
        return new Tokens(owners);
    }

    /** The client that a token belongs to. The time of the search says nothing of the tokens, because it is by their hashes. */
    Optional<ClientId> owner(String token) {
        return Optional.ofNullable(ownerByHash.get(hash(token)));
    }
}
