package io.github.fedhds.secure;

import io.github.fedhds.round.ClientId;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Predicate;
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
    private final Set<Integer> liars = new HashSet<>(); // clients that have revealed a wrong share
    private final KeyPair25519 probe = KeyPair25519.generate(new SecureRandom());
    private int[] sum = new int[0]; // until the first vector
    private @Nullable SumKeys keys;
    private boolean sharesSent;
    private boolean complete;

    SumServer(SumSettings settings) {
        this.settings = settings;
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
        probe.agree(of.sealing()); // keys of low order would make the others refuse the whole sum
        probe.agree(of.masking());
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
        shares.forEach((to, bytes) -> {
            if (bytes.length != 2 * KeyPair25519.BYTES + SealedShare.TAG) {
                throw new IllegalArgumentException(
                        "client " + id + " sends a share of " + bytes.length + " bytes for client " + to);
            }
        });
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
        if (words.length != settings.length()) {
            throw new IllegalArgumentException(
                    "client " + id + " sends " + words.length + " values, not " + settings.length());
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
        if (sum.length == 0) {
            sum = words.clone();
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
        int holder = settings.place(id);
        List<Integer> near = Objects.requireNonNull(keys).neighbours(holder);
        Map<Integer, byte[]> ofNeighbours = new TreeMap<>(); // all places are found before one is kept
        shares.forEach((owner, share) -> {
            int place = settings.place(owner);
            if (near.contains(place)) {
                ofNeighbours.put(place, share.clone());
            }
        });
        ofNeighbours.forEach((owner, share) ->
                revealed.computeIfAbsent(owner, o -> new TreeMap<>()).putIfAbsent(holder, share));
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
            if (arrived.contains(settings.id(client))) {
                byte[] self = secret(
                        known,
                        client,
                        secret -> Arrays.equals(
                                SumKeys.sha256().digest(secret),
                                known.of(client).commitment()));
                masks.add(new Mask(known.derive(self, "self"), -1));
            } else {
                byte[] key = secret(
                        known,
                        client,
                        secret -> Arrays.equals(
                                KeyPair25519.of(secret).open(), known.of(client).masking()));
                masks.addAll(sharedMasks(known, client, KeyPair25519.of(key)));
            }
        }
        return unmasked(masks);
    }

    /** A stream that is added to or subtracted from the sum. */
    private record Mask(byte[] key, int sign) {}

    /** Each core removes all masks from its part of the vector. */
    private int[] unmasked(List<Mask> masks) {
        int[] words = sum.clone();
        int cores = ForkJoinPool.getCommonPoolParallelism() + 1;
        int blocks = (words.length + MaskStream.BLOCK - 1) / MaskStream.BLOCK;
        int part = Math.max(1, (blocks + cores - 1) / cores) * MaskStream.BLOCK;
        IntStream.range(0, (words.length + part - 1) / part).parallel().forEach(number -> {
            int begin = number * part;
            int end = Math.min(words.length, begin + part);
            masks.forEach(mask -> MaskStream.apply(mask.key(), mask.sign(), words, begin, end));
        });
        return words;
    }

    /** What the survivors have added for a client that sent no vector. */
    private List<Mask> sharedMasks(SumKeys known, int missing, KeyPair25519 pair) {
        return known.neighbours(missing).stream()
                .filter(other -> arrived.contains(settings.id(other)))
                .map(other -> new Mask(
                        known.derive(pair.agree(known.of(other).masking()), "mask", missing, other),
                        other < missing ? -1 : 1))
                .toList();
    }

    /**
     * A client's secret. A holder whose share is wrong is found by leaving out one after the other, as long as there are more shares than
     * needed; its other shares are not used either.
     */
    private byte[] secret(SumKeys known, int owner, Predicate<byte[]> isRight) {
        List<Integer> near = known.neighbours(owner);
        int threshold = settings.threshold(near.size());
        Map<Integer, byte[]> shares = new TreeMap<>(revealed.getOrDefault(owner, Map.of()));
        shares.keySet().removeAll(liars);
        if (shares.size() < threshold) {
            throw new IllegalStateException("there are " + shares.size() + " shares of a secret of client "
                    + settings.id(owner) + ", fewer than the threshold of " + threshold + ": the sum cannot be known");
        }
        List<Integer> holders = List.copyOf(shares.keySet());
        byte[] all = combined(near, shares, holders.subList(0, threshold));
        if (isRight.test(all)) {
            return all;
        }
        for (int i = 0; i < threshold && holders.size() > threshold; i++) {
            List<Integer> others = new ArrayList<>(holders.subList(0, threshold + 1));
            int suspect = others.remove(i);
            byte[] without = combined(near, shares, others);
            if (isRight.test(without)) {
                liars.add(suspect);
                return without;
            }
        }
        throw new IllegalStateException("the shares of a secret of client " + settings.id(owner) + " are wrong");
    }

    private static byte[] combined(List<Integer> near, Map<Integer, byte[]> shares, List<Integer> holders) {
        Map<Integer, byte[]> numbered = new TreeMap<>();
        holders.forEach(holder -> numbered.put(near.indexOf(holder) + 1, Objects.requireNonNull(shares.get(holder))));
        return Shamir.combine(numbered);
    }
}
