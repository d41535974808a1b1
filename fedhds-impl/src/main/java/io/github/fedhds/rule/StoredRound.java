package io.github.fedhds.rule;

import io.github.fedhds.ClientId;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** A round of a rule that must see all updates at once. They come to it in client order, however they arrived. */
final class StoredRound extends RuleRound {
    private final SortedMap<ClientId, AdapterUpdate> updates = new TreeMap<>();
    private final Function<List<AdapterUpdate>, Adapter> combination;

    StoredRound(Aggregator rule, Adapter global, Function<List<AdapterUpdate>, Adapter> combination) {
        super(rule, global);
        this.combination = combination;
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
