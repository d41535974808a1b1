package io.github.fedhds.secure;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.MeanUpdate;
import io.github.fedhds.aggregation.SecureAggregation;
import io.github.fedhds.aggregation.SecureClient;
import io.github.fedhds.aggregation.SecureServer;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Secure aggregation with masks: each client adds to its update a mask of its own and one with each of its neighbours, which cancel out in
 * the sum; the server removes the masks that are left with shares of secrets that the clients reveal in the last exchange. The server
 * learns the mean of the updates that arrived and the sum of their weights.
 *
 * <p>Holds against a server that follows the protocol, even if it colludes with some clients, as long as those are fewer than the
 * threshold among the neighbours of each client and the graph of the others stays connected; otherwise it learns the sum of each
 * connected part. The more neighbours, the less likely that is; with all clients as neighbours it cannot happen. A server that names other
 * survivors to some clients than to others needs {@code 2 threshold - neighbours} colluding neighbours of a client. The mean itself is not
 * hidden: if all other clients collude, the last one's update follows from it. A hostile client can spoil a sum or make its round void.
 *
 * <p>Updates become 32-bit numbers: their difference to the global adapter is clipped to a norm, each parameter's
 * change cut to 16 times the root of the mean square of an update of that norm, scaled by the client's weight and rounded. Of the mean,
 * each parameter is rounded by at most {@code greatest change * (greatest weight / mean weight) * clients / 2^32}. A client sends 4 bytes a
 * parameter, as without; in addition 96 bytes of keys, 80 bytes of sealed shares for each neighbour and 32 bytes of a revealed share for each; and receives 96
 * bytes for each client of the sum. Keys and masks come from the system's cryptographic generator, never from the run's seed; the
 * mean does not depend on them. Immutable, safe for many threads.
 *
 * @see <a href="https://eprint.iacr.org/2017/281">Bonawitz et al. 2017: Practical secure aggregation</a>
 * @see <a href="https://eprint.iacr.org/2020/704">Bell et al. 2020: SecAgg+</a>
 */
public final class MaskedAggregation implements SecureAggregation {
    private static final double BY_SIZE = 0;

    private final double norm; // 0: by the size of the adapter
    private final int greatestWeight;
    private final int neighbours;
    private final double answering;
    private final int least;

    private MaskedAggregation(double norm, int greatestWeight, int neighbours, double answering, int least) {
        if (greatestWeight < 1) {
            throw new IllegalArgumentException("greatest weight must be 1 or more, was " + greatestWeight);
        }
        SumSettings.checkRules(neighbours, answering, least);
        this.norm = norm;
        this.greatestWeight = greatestWeight;
        this.neighbours = neighbours;
        this.answering = answering;
        this.least = least;
    }

    /**
     * Sums of updates whose parameters change by 0.1 in the root of the mean square at most, so that the norm is {@code 0.1 *
     * sqrt(parameters)}, which training rarely exceeds; weights up to 100 samples, 128 neighbours of whom two thirds must answer, 3 clients
     * or more.
     */
    public static MaskedAggregation defaults() {
        return new MaskedAggregation(BY_SIZE, 100, 128, 2.0 / 3, 3);
    }

    /**
     * The defaults with another norm.
     *
     * @param norm greatest Euclidean norm of an update's difference to the global adapter, over all parameters; above 0. The smaller, the
     *     more exact is the mean
     */
    public static MaskedAggregation of(double norm) {
        if (!(norm > 0 && norm < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("norm must be above 0 and finite, was " + norm);
        }
        return new MaskedAggregation(norm, 100, 128, 2.0 / 3, 3);
    }

    /** The same with another number of samples that a client counts for at most, 1 or more; with 1 all clients have equal weight. */
    public MaskedAggregation withGreatestWeight(int most) {
        return new MaskedAggregation(norm, most, neighbours, answering, least);
    }

    /**
     * The same with another number of neighbours that each client has masks with, 1 to 254, made even; all others if there are no more.
     * With fewer, a client has less work, and server and colluding clients surround it more easily.
     */
    public MaskedAggregation withNeighbours(int count) {
        return new MaskedAggregation(norm, greatestWeight, count, answering, least);
    }

    /** The same with another share of a client's neighbours that must answer to the end, above 0.5 and at most 1. */
    public MaskedAggregation withAnswering(double share) {
        return new MaskedAggregation(norm, greatestWeight, neighbours, share, least);
    }

    /** The same with another number of clients that a sum must have, 2 or more; a client takes part in no sum of fewer. */
    public MaskedAggregation withLeast(int clients) {
        return new MaskedAggregation(norm, greatestWeight, neighbours, answering, clients);
    }

    /** Greatest norm of an update's difference to the global adapter, for an adapter of so many parameters. */
    public double norm(long parameters) {
        return norm == BY_SIZE ? 0.1 * Math.sqrt(Math.max(1, parameters)) : norm;
    }

    @Override
    public int greatestWeight() {
        return greatestWeight;
    }

    @Override
    public int leastClients() {
        return least;
    }

    private Quantiser quantiser(Adapter global, List<ClientId> clients) {
        return new Quantiser(global, norm(global.parameters()), greatestWeight, clients.size());
    }

    private SumSettings settings(RoundContext round, List<ClientId> clients, int length) {
        return new SumSettings(round.runId(), round.round(), clients, neighbours, answering, least, length);
    }

    @Override
    public SecureClient client(RoundContext round, List<ClientId> clients, AdapterUpdate update) {
        int[] words = quantiser(round.globalAdapter(), clients).words(update);
        ClientId id = round.client().orElseThrow();
        return new MaskedClient(new SumClient(settings(round, clients, words.length), id, new SecureRandom()), words);
    }

    @Override
    public SecureServer server(RoundContext round) {
        List<ClientId> clients = round.clients();
        Quantiser quantiser = quantiser(round.globalAdapter(), clients);
        return new MaskedServer(new SumServer(settings(round, clients, quantiser.length())), quantiser);
    }

    private static final class MaskedClient implements SecureClient {
        private final SumClient sum;
        private int @Nullable [] words; // until they are masked

        MaskedClient(SumClient sum, int[] words) {
            this.sum = sum;
            this.words = words;
        }

        @Override
        public byte[] keys() {
            return sum.keys().toBytes();
        }

        @Override
        public Map<ClientId, byte[]> shares(Map<ClientId, byte[]> keys) {
            Map<ClientId, PublicKeys> all = new HashMap<>();
            keys.forEach((of, bytes) -> all.put(of, PublicKeys.of(bytes)));
            return sum.shares(all);
        }

        @Override
        public byte[] masked(Map<ClientId, byte[]> shares) {
            if (words == null) {
                throw new IllegalStateException("the update was masked before");
            }
            int[] masked = sum.masked(words, shares);
            words = null;
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * masked.length);
            bytes.asIntBuffer().put(masked);
            return bytes.array();
        }

        @Override
        public Map<ClientId, byte[]> revealed(Set<ClientId> survivors) {
            return sum.reveal(survivors);
        }
    }

    private record MaskedServer(SumServer sum, Quantiser quantiser) implements SecureServer {
        @Override
        public void acceptKeys(ClientId client, byte[] keys) {
            sum.accept(client, PublicKeys.of(keys));
        }

        @Override
        public Map<ClientId, byte[]> keys() {
            Map<ClientId, byte[]> all = new HashMap<>();
            sum.keys().forEach((of, keys) -> all.put(of, keys.toBytes()));
            return all;
        }

        @Override
        public void acceptShares(ClientId client, Map<ClientId, byte[]> shares) {
            sum.acceptShares(client, shares);
        }

        @Override
        public Map<ClientId, byte[]> sharesFor(ClientId client) {
            return sum.sharesFor(client);
        }

        @Override
        public void acceptMasked(ClientId client, byte[] masked) {
            if (masked.length != Integer.BYTES * quantiser.length()) {
                throw new IllegalArgumentException("the masked update of client " + client + " has " + masked.length
                        + " bytes, this sum has " + Integer.BYTES * quantiser.length());
            }
            int[] words = new int[quantiser.length()];
            ByteBuffer.wrap(masked).asIntBuffer().get(words);
            sum.acceptMasked(client, words);
        }

        @Override
        public Set<ClientId> survivors() {
            return sum.arrived();
        }

        @Override
        public void acceptRevealed(ClientId client, Map<ClientId, byte[]> shares) {
            sum.acceptRevealed(client, shares);
        }

        @Override
        public MeanUpdate mean() {
            return quantiser.mean(sum.sum(), sum.arrived().size());
        }
    }

    /** Names what server and clients must have set alike. */
    @Override
    public String toString() {
        return "MaskedAggregation[norm " + (norm == BY_SIZE ? "by size" : norm) + ", weights up to " + greatestWeight
                + ", " + neighbours + " neighbours, " + answering + " answering, " + least + " clients or more]";
    }
}
