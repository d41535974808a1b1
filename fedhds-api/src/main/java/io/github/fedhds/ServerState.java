package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.feature.Points;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The state of a server between two rounds. A server with the same roles that is given it by {@link
 * FedHdsServerBuilder#restore} continues with equal results, bit for bit. It holds no instruction, and no
 * point of a client unless the server {@linkplain FedHdsServerBuilder#rememberChosen remembers} those that it chose. State that
 * the application's own roles keep, such as that of a sampler, is not part of it. Immutable, safe for many threads.
 *
 * @param runId name of the run
 * @param seed the run's seed
 * @param round number of the last round that was opened, closed or void; 0 before the first
 * @param clients all clients, in registered order
 * @param agreedSettings the settings that server and clients must have equal, by name
 * @param globalAdapter the adapter that the next round starts from
 * @param aggregatorState what the aggregator carries from round to round, see {@link
 *     io.github.fedhds.aggregation.Aggregation#state}; empty for most
 * @param chosen the points of the groups that clients have trained on, in the order of the rounds, see {@link
 *     FedHdsServerBuilder#rememberChosen}; none unless the server remembers them
 */
public record ServerState(
        String runId,
        long seed,
        int round,
        List<ClientId> clients,
        Map<String, String> agreedSettings,
        Adapter globalAdapter,
        Adapter aggregatorState,
        Points chosen) {
    public ServerState {
        Objects.requireNonNull(chosen, "chosen");
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(clients, "clients");
        Objects.requireNonNull(agreedSettings, "agreedSettings");
        Objects.requireNonNull(globalAdapter, "globalAdapter");
        Objects.requireNonNull(aggregatorState, "aggregatorState");
        ClientId.checkName("a run id", runId);
        if (round < 0) {
            throw new IllegalArgumentException("round must be 0 or more, was " + round);
        }
        int bad = chosen.firstNonFinite();
        if (bad >= 0) {
            throw new IllegalArgumentException(
                    "chosen points must be finite, point " + bad + " of " + chosen.size() + " holds NaN or infinity");
        }
        clients = List.copyOf(clients);
        agreedSettings = Map.copyOf(agreedSettings);
    }

    /** The state of a server that does not remember what it has chosen. */
    public ServerState(
            String runId,
            long seed,
            int round,
            List<ClientId> clients,
            Map<String, String> agreedSettings,
            Adapter globalAdapter,
            Adapter aggregatorState) {
        this(runId, seed, round, clients, agreedSettings, globalAdapter, aggregatorState, Points.of(List.of()));
    }

    /** Why a server with these settings cannot continue from this state: what the state is of instead. Empty if it can. */
    Optional<String> fault(
            @Nullable String ofRun,
            long ofSeed,
            List<ClientId> ofClients,
            Map<String, String> ofSettings,
            @Nullable Adapter form) {
        if (ofRun != null && !runId.equals(ofRun)) {
            return Optional.of("run " + runId + ", this run is " + ofRun);
        }
        if (seed != ofSeed) {
            return Optional.of("seed " + seed + ", this run has " + ofSeed);
        }
        for (int i = 0; i < clients.size(); i++) {
            ClientId client = clients.get(i);
            if (i >= ofClients.size() || !client.equals(ofClients.get(i))) {
                return Optional.of("other clients: number " + (i + 1) + " of its " + clients.size() + " is " + client
                        + ", here it is " + (i < ofClients.size() ? ofClients.get(i) : "none")
                        + missing(ofClients) + "; its clients must come first, in the same order, new ones after them");
            }
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

    /** Names the clients of the state that are not among these, ten at most. */
    private String missing(List<ClientId> others) {
        List<ClientId> lost = new ArrayList<>(clients);
        lost.removeAll(new HashSet<>(others));
        String ids = lost.stream().limit(10).map(ClientId::toString).collect(Collectors.joining(", "));
        return lost.isEmpty() ? "" : "; not registered here: " + ids + (lost.size() > 10 ? ", ..." : "");
    }

    private static TreeSet<String> union(Map<String, String> some, Map<String, String> others) {
        TreeSet<String> names = new TreeSet<>(some.keySet());
        names.addAll(others.keySet());
        return names;
    }
}
