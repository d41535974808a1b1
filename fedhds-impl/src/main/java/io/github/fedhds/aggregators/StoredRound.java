package io.github.fedhds.aggregators;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A round of a rule that must see all updates at once. They come to it in the order of {@link RoundContext#clients},
 * however they arrived; clients that it does not list come last, by their ids. Until then they wait in memory, or in a file.
 */
final class StoredRound extends RuleRound {
    private final SortedMap<ClientId, StoredUpdate> updates;
    private final Function<List<StoredUpdate>, Adapter> combination;
    private final Optional<Path> folder;
    private @Nullable UpdateFile file;

    /** @param folder folder of the file; empty: the updates wait in memory */
    StoredRound(
            Aggregator rule,
            RoundContext round,
            Adapter state,
            Optional<Path> folder,
            Function<List<StoredUpdate>, Adapter> combination) {
        super(rule, round.globalAdapter(), state);
        this.combination = combination;
        this.folder = folder;
        Map<ClientId, Integer> places = new HashMap<>();
        round.clients().forEach(client -> places.put(client, places.size()));
        Comparator<ClientId> byPlace =
                Comparator.comparingInt(client -> places.getOrDefault(client, Integer.MAX_VALUE));
        updates = new TreeMap<>(byPlace.thenComparing(Comparator.naturalOrder()));
    }

    @Override
    void add(AdapterUpdate update) {
        updates.put(
                update.client(), folder.isPresent() ? file(folder.get()).store(update) : StoredUpdate.inMemory(update));
    }

    private UpdateFile file(Path path) {
        UpdateFile open = file;
        if (open == null) {
            open = new UpdateFile(path, global);
            file = open;
        }
        return open;
    }

    @Override
    Adapter next() {
        try (UpdateFile open = file) {
            return combination.apply(List.copyOf(updates.values()));
        } finally {
            updates.clear();
        }
    }
}
