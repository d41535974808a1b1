package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * All that a server needs to go on between two rounds: given to {@link FedHdsServer.Builder#restore} of a server with the
 * same parts, the rounds that follow come out as they would have, bit for bit. It holds no instruction and no feature. Parts
 * of the application's own that keep a state of their own (a sampler, say) are not in it. Immutable, safe for many threads.
 *
 * @param runId name of the run
 * @param seed the run's seed
 * @param round number of the last round that was opened, closed or void; 0 before the first
 * @param roster all clients, in registered order
 * @param agreedSettings the settings that server and clients must have equal, by name
 * @param globalAdapter the adapter that the next round starts from
 * @param aggregatorState what the aggregator carries from round to round, see {@link
 *     io.github.fedhds.aggregation.Aggregation#state}; empty for most
 */
public record ServerState(
        String runId,
        long seed,
        int round,
        List<ClientId> roster,
        Map<String, String> agreedSettings,
        Adapter globalAdapter,
        Adapter aggregatorState) {
    public ServerState {
        ClientId.checkName("a run id", runId);
        if (round < 0) {
            throw new IllegalArgumentException("round must be 0 or more, was " + round);
        }
        roster = List.copyOf(roster);
        agreedSettings = Map.copyOf(agreedSettings);
    }

    /** Why a server of this run, seed, roster, and form of adapter cannot go on from here: what the state is of. */
    Optional<String> fault(
            @Nullable String ofRun,
            long ofSeed,
            List<ClientId> ofRoster,
            Map<String, String> ofSettings,
            @Nullable Adapter form) {
        if (ofRun != null && !runId.equals(ofRun)) {
            return Optional.of("run " + runId + ", this run is " + ofRun);
        }
        if (seed != ofSeed) {
            return Optional.of("seed " + seed + ", this run has " + ofSeed);
        }
        if (ofRoster.size() < roster.size() || !roster.equals(ofRoster.subList(0, roster.size()))) {
            return Optional.of("another roster: its " + roster.size() + " clients must be the first of the "
                    + ofRoster.size() + " here, in the same order; new clients come behind them");
        }
        for (String name : new TreeSet<>(union(agreedSettings, ofSettings))) {
            String was = agreedSettings.get(name);
            String is = ofSettings.get(name);
            if (!Objects.equals(was, is)) {
                return Optional.of(name + " " + (was == null ? "not said" : was) + ", this run has "
                        + (is == null ? "not said" : is));
            }
        }
        return globalAdapter
                .firstNonFinite()
                .or(() -> form == null ? Optional.empty() : form.differenceInForm(globalAdapter))
                .map(fault -> "an adapter that this run cannot start from: " + fault);
    }

    private static TreeSet<String> union(Map<String, String> some, Map<String, String> others) {
        TreeSet<String> names = new TreeSet<>(some.keySet());
        names.addAll(others.keySet());
        return names;
    }
}
