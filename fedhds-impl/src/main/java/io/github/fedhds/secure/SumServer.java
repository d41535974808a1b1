package io.github.fedhds.secure;

import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The server of a secure sum: carries keys and shares, adds the masked vectors, and removes the masks with the shares of the
 * survivors. A client may be missing at each step. Not safe for many threads.
 */
final class SumServer {
    private final SumSettings settings;
    private final Map<Integer, PublicKeys> sentKeys = new TreeMap<>();
    private final Map<Integer, Map<ClientId, byte[]>> sealed = new TreeMap<>();
    private final Set<ClientId> arrived = new LinkedHashSet<>();
    private final Map<Integer, Map<Integer, byte[]>> revealed = new TreeMap<>(); // by owner, then by holder
    private final int[] sum;
    private @Nullable SumKeys keys;
    private boolean sharesSent;
    private boolean complete;

    SumServer(SumSettings settings) {
        this.settings = settings;
        this.sum = new int[settings.length()];
    }

    /** Step 1: a client's keys. */
    void accept(ClientId id, PublicKeys of) {
        if (keys != null) {
            throw new IllegalStateException("the keys were sent on already");
        }
        int place = settings.place(id);
        sentKeys.forEach((other, keys) -> {
            if (other == place ? !keys.equals(of) : of.sharesKeyWith(keys)) {
                throw new IllegalArgumentException(
                        other == place
                                ? "client " + id + " has sent other keys before"
                                : "client " + id + " has sent a key of client " + settings.id(other));
            }
        });
        if (Arrays.equals(of.sealing(), of.masking())) {
            throw new IllegalArgumentException("client " + id + " has sent the same key twice");
        }
        sentKeys.put(place, of);
    }

    /** The keys for all clients; no others are accepted from then on. */
    Map<ClientId, PublicKeys> keys() {
        if (keys == null) {
            keys = new SumKeys(settings, sentKeys);
        }
        Map<ClientId, PublicKeys> all = new HashMap<>();
        sentKeys.forEach((place, pair) -> all.put(settings.id(place), pair));
        return all;
    }

    /**
     * Step 2: a client's sealed shares for its neighbours.
     *
     * @throws IllegalStateException if shares were sent on already: the clients that have them use no mask with this one
     */
    void acceptShares(ClientId id, Map<ClientId, byte[]> shares) {
        if (sharesSent) {
            throw new IllegalStateException("the shares of client " + id + " come too late; the others were sent on");
        }
        if (keys == null || !keys.has(settings.place(id))) {
            throw new IllegalArgumentException("client " + id + " has sent no keys in time, so it has no neighbours");
        }
        Set<ClientId> near =
                keys.neighbours(settings.place(id)).stream().map(settings::id).collect(Collectors.toSet());
        if (!shares.keySet().equals(near)) {
            throw new IllegalArgumentException(
                    "client " + id + " has shares for " + shares.keySet() + ", its neighbours are " + near);
        }
        sealed.putIfAbsent(settings.place(id), Map.copyOf(shares));
    }

    /** The shares that were sealed for a client; no others are accepted from then on. */
    Map<ClientId, byte[]> sharesFor(ClientId id) {
        sharesSent = true;
        Map<ClientId, byte[]> forOne = new HashMap<>();
        sealed.forEach((from, shares) -> {
            byte[] bytes = shares.get(id);
            if (bytes != null) {
                forOne.put(settings.id(from), bytes);
            }
        });
        return forOne;
    }

    /** Step 3: a client's masked vector. */
    void acceptMasked(ClientId id, int[] words) {
        if (words.length != sum.length) {
            throw new IllegalArgumentException(
                    "client " + id + " sends " + words.length + " values, not " + sum.length);
        }
        if (complete) {
            throw new IllegalStateException(
                    "the vector of client " + id + " comes too late; the survivors have been named to the others");
        }
        if (!sealed.containsKey(settings.place(id))) {
            throw new IllegalArgumentException("client " + id + " has shared no secrets");
        }
        if (!arrived.add(id)) {
            return;
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] += words[i];
        }
    }

    /**
     * The clients whose vectors are in the sum; no others are accepted from then on.
     *
     * @throws IllegalArgumentException if they are fewer than a sum needs
     */
    Set<ClientId> arrived() {
        if (arrived.size() < settings.least()) {
            throw new IllegalArgumentException(
                    "the vectors of " + arrived.size() + " clients arrived, and a sum needs " + settings.least());
        }
        complete = true;
        return Set.copyOf(arrived);
    }

    /** Step 4: a survivor's shares of its neighbours' secrets. */
    void acceptRevealed(ClientId id, Map<ClientId, byte[]> shares) {
        if (!arrived.contains(id)) {
            throw new IllegalArgumentException("client " + id + " is not among the survivors");
        }
        shares.forEach((owner, share) -> {
            if (share.length != KeyPair25519.BYTES) {
                throw new IllegalArgumentException("client " + id + " reveals a share of " + share.length + " bytes");
            }
        });
        shares.forEach((owner, share) -> revealed.computeIfAbsent(settings.place(owner), o -> new TreeMap<>())
                .putIfAbsent(settings.place(id), share.clone()));
    }

    /**
     * The sum of the vectors that arrived, modulo 2^32.
     *
     * @throws IllegalStateException if the shares do not suffice, or are wrong; nothing is known of the sum then
     */
    int[] sum() {
        SumKeys known = keys;
        if (known == null) {
            throw new IllegalStateException("no keys were sent on");
        }
        List<Mask> masks = new ArrayList<>();
        for (int client : sealed.keySet()) {
            byte[] secret = secret(known, client);
            if (arrived.contains(settings.id(client))) {
                if (!Arrays.equals(
                        SumKeys.sha256().digest(secret), known.of(client).commitment())) {
                    throw new IllegalStateException(
                            "the shares of client " + settings.id(client) + " do not give its self-mask");
                }
                masks.add(new Mask(known.derive(secret, "self"), -1));
            } else {
                masks.addAll(sharedMasks(known, client, KeyPair25519.of(secret)));
            }
        }
        return unmasked(masks);
    }

    /** A stream that is added to or subtracted from the sum. */
    private record Mask(byte[] key, int sign) {}

    /** Each core has a vector of its own for its part of the masks; the order of additions modulo 2^32 does not matter. */
    private int[] unmasked(List<Mask> masks) {
        int cores = Math.max(1, Math.min(masks.size(), ForkJoinPool.getCommonPoolParallelism() + 1));
        return IntStream.range(0, cores)
                .parallel()
                .mapToObj(core -> {
                    int[] words = core == 0 ? sum.clone() : new int[sum.length];
                    for (int i = core; i < masks.size(); i += cores) {
                        MaskStream.apply(masks.get(i).key(), masks.get(i).sign(), words);
                    }
                    return words;
                })
                .reduce((a, b) -> {
                    Arrays.setAll(a, i -> a[i] + b[i]);
                    return a;
                })
                .orElseThrow();
    }

    /** What the survivors have added for a client that sent no vector. */
    private List<Mask> sharedMasks(SumKeys known, int missing, KeyPair25519 pair) {
        if (!Arrays.equals(pair.open(), known.of(missing).masking())) {
            throw new IllegalStateException("the shares of client " + settings.id(missing) + " do not give its key");
        }
        return known.neighbours(missing).stream()
                .filter(other -> arrived.contains(settings.id(other)))
                .map(other ->
                        new Mask(known.derive(pair.agree(known.of(other).masking()), "mask"), other < missing ? -1 : 1))
                .toList();
    }

    private byte[] secret(SumKeys known, int owner) {
        List<Integer> near = known.neighbours(owner);
        int threshold = settings.threshold(near.size());
        Map<Integer, byte[]> shares = new TreeMap<>();
        for (Map.Entry<Integer, byte[]> share :
                revealed.getOrDefault(owner, Map.of()).entrySet()) {
            if (shares.size() < threshold && near.contains(share.getKey())) {
                shares.put(near.indexOf(share.getKey()) + 1, share.getValue());
            }
        }
        if (shares.size() < threshold) {
            throw new IllegalStateException("there are " + shares.size() + " shares of a secret of client "
                    + settings.id(owner) + ", fewer than the threshold of " + threshold + ": the sum cannot be known");
        }
        return Shamir.combine(shares);
    }
}
