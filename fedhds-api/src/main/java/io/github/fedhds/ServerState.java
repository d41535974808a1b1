package io.github.fedhds;

import io.github.fedhds.training.Adapter;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All that a server needs to go on between two rounds: given to {@link FedHdsServer.Builder#restore} of a server with the
 * same parts, the rounds that follow come out as they would have, bit for bit. Parts of the application's own that keep a
 * state of their own (a sampler, say) are not in it. Immutable, safe for many threads.
 *
 * @param runId name of the run
 * @param seed the run's seed
 * @param round number of the last round that was opened, closed or void; 0 before the first
 * @param roster all clients, in roster order
 * @param globalAdapter the adapter that the next round starts from
 * @param aggregatorState what the aggregator carries from round to round, see {@link
 *     io.github.fedhds.aggregation.Aggregation#state}; empty for most
 */
public record ServerState(
        String runId, long seed, int round, List<ClientId> roster, Adapter globalAdapter, Adapter aggregatorState) {
    public ServerState {
        if (round < 0) {
            throw new IllegalArgumentException("round must be 0 or more, was " + round);
        }
        roster = List.copyOf(roster);
    }

    /** Why a server of this run, seed, roster, and form of adapter cannot go on from here: what the state is of. */
    Optional<String> fault(String ofRun, long ofSeed, List<ClientId> ofRoster, @Nullable Adapter form) {
        if (!runId.equals(ofRun)) {
            return Optional.of("run " + runId + ", this run is " + ofRun);
        }
        if (seed != ofSeed) {
            return Optional.of("seed " + seed + ", this run has " + ofSeed);
        }
        if (!roster.equals(ofRoster)) {
            return Optional.of("another roster: its " + roster.size() + " clients and the " + ofRoster.size()
                    + " here differ in names or in order");
        }
        return globalAdapter
                .firstNonFinite()
                .or(() -> form == null ? Optional.empty() : form.differenceInForm(globalAdapter))
                .map(fault -> "an adapter that this run cannot start from: " + fault);
    }
}
