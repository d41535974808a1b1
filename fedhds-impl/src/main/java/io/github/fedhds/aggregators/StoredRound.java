package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A round of a rule that must see all updates at once. They come to it in the order of {@link RoundContext#clients},
 * however they arrived; clients that it does not list come last, by their ids.
 */
final class StoredRound extends RuleRound {
    private final SortedMap<ClientId, AdapterUpdate> updates;
    private final Function<List<AdapterUpdate>, Adapter> combination;

    StoredRound(
            Aggregator rule, RoundContext round, Adapter state, Function<List<AdapterUpdate>, Adapter> combination) {
        super(rule, round.globalAdapter(), state);
        this.combination = combination;
        Map<ClientId, Integer> places = new HashMap<>();
        round.clients().forEach(client -> places.put(client, places.size()));
        Comparator<ClientId> byPlace =
                Comparator.comparingInt(client -> places.getOrDefault(client, Integer.MAX_VALUE));
        updates = new TreeMap<>(byPlace.thenComparing(Comparator.naturalOrder()));
    }

    @Override
    void add(AdapterUpdate update) {
        updates.put(update.client(), update);
    }

    @Override
    Adapter next() {
        return combination.apply(List.copyOf(updates.values()));
    }
}
