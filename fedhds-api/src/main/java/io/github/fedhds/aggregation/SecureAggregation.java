package io.github.fedhds.aggregation;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;

/**
 * Sums the clients' updates so that the server learns their mean and no single one. Each client masks its update by numbers that cancel
 * out in the sum; keys, shares of secrets, masked updates and revealed shares are messages of the round ({@link
 * io.github.fedhds.message.SumPart}). Server and clients have equal settings.
 *
 * @see <a href="https://eprint.iacr.org/2017/281">Bonawitz et al. 2017: Practical secure aggregation</a>
 */
public interface SecureAggregation {
    /** Most samples that a client counts for in the mean, 1 or more; with 1 all clients have equal weight. */
    int greatestWeight();

    /** Clients whose updates a sum needs, 2 or more: a round with fewer is void. */
    int leastClients();

    /**
     * A client's part in one round.
     *
     * @param round the round, with the client
     * @param clients all clients of the round
     * @param update what the client adds to the sum
     * @throws IllegalArgumentException if the update cannot be added: its adapter is not finite, or is not of the global adapter's form
     */
    SecureClient client(RoundContext round, List<ClientId> clients, AdapterUpdate update);

    /**
     * The server's part in one round.
     *
     * @param round the round as the server sees it, with its clients
     */
    SecureServer server(RoundContext round);
}
