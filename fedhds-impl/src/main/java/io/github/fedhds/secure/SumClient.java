package io.github.fedhds.secure;

import io.github.fedhds.round.ClientId;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client of a secure sum: the server learns the sum of the clients' vectors, and of no client more than that. Four steps, each
 * once: {@link #keys}, {@link #shares}, {@link #masked}, {@link #reveal}.
 *
 * <p>Holds against a server that follows the protocol, even if it colludes with some clients, as long as those are fewer than the
 * threshold among the neighbours of each client and the others' graph stays connected; otherwise it learns the sum of each
 * connected part. The more neighbours, the less likely that is; with all clients as neighbours it cannot happen. A server that names other
 * survivors to some clients than to others needs {@code 2 threshold - neighbours} colluding neighbours of a client. Not safe for many threads.
 *
 * @see <a href="https://eprint.iacr.org/2017/281">Bonawitz et al. 2017: Practical secure aggregation</a>
 * @see <a href="https://eprint.iacr.org/2020/704">Bell et al. 2020: SecAgg+</a>
 */
final class SumClient {
    private static final int SECRET = 32;

    private final SumSettings settings;
    private final int me;
    private final SecureRandom random;
    private final KeyPair25519 sealing;
    private final KeyPair25519 masking;
    private final byte[] self = new byte[SECRET];
    private final Map<Integer, byte[]> held = new TreeMap<>(); // shares of others
    private @Nullable SumKeys keys;
    private boolean sent;
    private @Nullable Set<ClientId> survivors;

    SumClient(SumSettings settings, ClientId id, SecureRandom random) {
        this.settings = settings;
        this.me = settings.place(id);
        this.random = random;
        this.sealing = KeyPair25519.generate(random);
        this.masking = KeyPair25519.generate(random);
        random.nextBytes(self);
    }

    /** Step 1: what the server sends on to all clients. */
    PublicKeys keys() {
        return new PublicKeys(sealing.open(), masking.open(), SumKeys.sha256().digest(self));
    }

    /**
     * Step 2: shares of this client's two secrets, sealed for each neighbour.
     *
     * @param all the keys of all clients that have sent some
     * @throws IllegalArgumentException if this client's keys are not among them, two keys are equal, one has a low order, or there
     *     are fewer than a sum needs
     */
    Map<ClientId, byte[]> shares(Map<ClientId, PublicKeys> all) {
        if (keys != null) {
            throw new IllegalStateException("the shares were made; a sum has one set of keys");
        }
        if (!keys().equals(all.get(settings.id(me)))) {
            throw new IllegalArgumentException("the keys of client " + settings.id(me) + " were changed");
        }
        Map<Integer, PublicKeys> places = new HashMap<>();
        all.forEach((id, pair) -> places.put(settings.place(id), pair));
        SumKeys known = new SumKeys(settings, places);
        List<Integer> near = known.neighbours(me);
        int threshold = settings.threshold(near.size());
        byte[][] ofSelf = Shamir.share(self, near.size(), threshold, random);
        byte[][] ofKey = Shamir.share(masking.secret(), near.size(), threshold, random);
        Map<ClientId, byte[]> sealed = new HashMap<>();
        for (int i = 0; i < near.size(); i++) {
            byte[] both = Arrays.copyOf(ofSelf[i], 2 * SECRET);
            System.arraycopy(ofKey[i], 0, both, SECRET, SECRET);
            int to = near.get(i);
            sealed.put(settings.id(to), SealedShare.seal(sealKey(known, to), direction(me, to), known.context(), both));
        }
        keys = known;
        return sealed;
    }

    /** Throws unless so many of the client's neighbours suffice. */
    private void check(SumKeys known, long near, String what) {
        int threshold = settings.threshold(known.neighbours(me).size());
        if (near < threshold) {
            throw new IllegalArgumentException(what + " of " + near + " neighbours of client " + settings.id(me)
                    + " arrived, fewer than the threshold of " + threshold + "; nothing is revealed");
        }
    }

    private static byte direction(int from, int to) {
        return (byte) (from < to ? 1 : 2);
    }

    private byte[] sealKey(SumKeys known, int other) {
        return known.derive(sealing.agree(known.of(other).sealing()), "seal", me, other);
    }

    /**
     * Step 3: the masked vector.
     *
     * @param values as many as the settings say; sums are modulo 2^32. Not changed
     * @param received the shares that neighbours have sealed for this client; masks are shared with these
     */
    int[] masked(int[] values, Map<ClientId, byte[]> received) {
        SumKeys known = started();
        if (sent) {
            throw new IllegalStateException(
                    "the masked vector was made; another one with the same masks would betray both");
        }
        if (values.length != settings.length()) {
            throw new IllegalArgumentException(
                    "there are " + values.length + " values, the settings say " + settings.length());
        }
        List<Integer> near = known.neighbours(me);
        Map<Integer, byte[]> opened = new TreeMap<>();
        received.forEach((id, bytes) -> {
            int from = settings.place(id);
            if (!near.contains(from)) {
                throw new IllegalArgumentException("client " + id + " is no neighbour of client " + settings.id(me));
            }
            byte[] both;
            try {
                both = SealedShare.open(sealKey(known, from), direction(from, me), known.context(), bytes);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("the shares of client " + id + ": " + e.getMessage(), e);
            }
            if (both.length != 2 * SECRET) {
                throw new IllegalArgumentException("the shares of client " + id + " have " + both.length + " bytes");
            }
            opened.put(from, both);
        });
        check(known, opened.size(), "the shares");
        int[] words = values.clone();
        MaskStream.apply(known.derive(self, "self"), 1, words);
        for (int other : opened.keySet()) {
            byte[] key = known.derive(masking.agree(known.of(other).masking()), "mask", me, other);
            MaskStream.apply(key, me < other ? 1 : -1, words);
        }
        held.putAll(opened);
        sent = true;
        return words;
    }

    /**
     * Step 4: of each neighbour one share: of its self-mask if its vector arrived, otherwise of its masking key. Asked again
     * with other survivors, it refuses: both shares together would reveal a vector.
     *
     * @param arrived the clients whose masked vector the server has
     */
    Map<ClientId, byte[]> reveal(Set<ClientId> arrived) {
        SumKeys known = started();
        if (!sent) {
            throw new IllegalStateException("client " + settings.id(me) + " has sent no vector");
        }
        if (survivors != null && !survivors.equals(arrived)) {
            throw new IllegalStateException(
                    "client " + settings.id(me) + " has revealed its shares for other survivors");
        }
        if (!arrived.contains(settings.id(me))) {
            throw new IllegalArgumentException(
                    "client " + settings.id(me) + " has sent its vector and is not among the survivors");
        }
        long near = known.neighbours(me).stream()
                .filter(other -> arrived.contains(settings.id(other)))
                .count();
        check(known, near, "the vectors");
        if (arrived.size() < settings.least()) {
            throw new IllegalArgumentException("the vectors of " + arrived.size() + " clients arrived, and a sum needs "
                    + settings.least() + "; nothing is revealed");
        }
        survivors = Set.copyOf(arrived);
        Map<ClientId, byte[]> shares = new HashMap<>();
        held.forEach((other, both) -> shares.put(
                settings.id(other),
                arrived.contains(settings.id(other))
                        ? Arrays.copyOf(both, SECRET)
                        : Arrays.copyOfRange(both, SECRET, 2 * SECRET)));
        return shares;
    }

    private SumKeys started() {
        if (keys == null) {
            throw new IllegalStateException("client " + settings.id(me) + " has not shared its secrets yet");
        }
        return keys;
    }
}
