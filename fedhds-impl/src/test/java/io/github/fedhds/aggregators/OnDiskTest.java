package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules whose updates wait in a file give what they give in memory, in every bit. */
class OnDiskTest {
    @TempDir
    private Path folder = Path.of("");

    @Nested
    class Median extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return new CoordinateMedian().onDisk(folder.resolve("updates"));
        }
    }

    @Nested
    class MultiKrum extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return Krum.multi(2, 6).onDisk(folder);
        }
    }

    @Nested
    class Clipped extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return NormClipping.of(0.1, Bulyan.of(2).onDisk(folder));
        }
    }

    private Map<Aggregator, Aggregator> rules() {
        Map<Aggregator, Aggregator> rules = new LinkedHashMap<>();
        rules.put(new CoordinateMedian(), new CoordinateMedian().onDisk(folder));
        rules.put(TrimmedMean.of(3), TrimmedMean.of(3).onDisk(folder));
        rules.put(Krum.of(3), Krum.of(3).onDisk(folder));
        rules.put(Krum.multi(3, 4), Krum.multi(3, 4).onDisk(folder).weighing(FedAvg.equally()));
        rules.put(Bulyan.of(2), Bulyan.of(2).onDisk(folder));
        return rules;
    }

    private static Adapter adapter(Random random, int wide) {
        return new Adapter(Map.of(
                "a", Tensor.of(new int[] {3, 5}, i -> (float) random.nextGaussian()),
                "b", Tensor.of(new int[] {0, 4}, i -> 0),
                "c", Tensor.of(new int[] {wide}, i -> random.nextInt(4) == 0 ? -0f : (float) random.nextGaussian()),
                "d", Tensor.of(new int[] {}, i -> (float) random.nextGaussian())));
    }

    private static List<AdapterUpdate> updates(int clients, int wide, long seed) {
        Random random = new Random(seed);
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            updates.add(AggregatorContract.update(1, "c" + i, adapter(random, wide), 1 + random.nextInt(9)));
        }
        return updates;
    }

    @Test
    void eachRule_isEqualToThatInMemory_whateverTheOrder() {
        for (int seed = 0; seed < 20; seed++) {
            List<AdapterUpdate> updates = updates(11 + seed % 4, 1 + 37 * seed, seed);
            Adapter global = adapter(new Random(seed), 1 + 37 * seed);
            for (Map.Entry<Aggregator, Aggregator> rule : rules().entrySet()) {
                Aggregator memory =
                        rule.getKey() instanceof Krum krum && krum.toString().contains("m = 4")
                                ? krum.weighing(FedAvg.equally())
                                : rule.getKey();
                Adapter expected = AggregatorContract.aggregate(memory, AggregatorContract.round(1, global), updates);
                List<AdapterUpdate> shuffled = new ArrayList<>(updates);
                Collections.shuffle(shuffled, new Random(seed));
                Adapter actual =
                        AggregatorContract.aggregate(rule.getValue(), AggregatorContract.round(1, global), shuffled);
                assertEquals(expected.digest(), actual.digest(), rule.getValue() + ", seed " + seed);
            }
        }
    }

    /** More values than are in memory at a time: several blocks of a tensor. */
    @Test
    void severalBlocks_areEqualToTheRuleByItsDefinition() {
        int wide = 800_000; // of 11 clients more than 2^23 values
        List<AdapterUpdate> updates = updates(11, wide, 5);
        Adapter global = adapter(new Random(5), wide);
        Adapter median = AggregatorContract.aggregate(
                new CoordinateMedian().onDisk(folder), AggregatorContract.round(1, global), updates);
        for (int i : new int[] {0, 1, 762_599, 762_600, 762_601, wide - 1}) {
            double[] column = updates.stream()
                    .mapToDouble(update ->
                            Coordinatewise.tensor(update.adapter(), "c").get(i))
                    .sorted()
                    .toArray();
            assertEquals(
                    (float) column[5] + 0f, Coordinatewise.tensor(median, "c").get(i), "at " + i);
        }
        List<StoredUpdate> stored = updates.stream().map(StoredUpdate::inMemory).toList();
        List<Integer> all = IntStream.range(0, 11).boxed().toList();
        double[] scores = new double[11];
        for (int i : all) {
            int row = i;
            double[] distances = all.stream()
                    .filter(j -> j != row)
                    .mapToDouble(j -> updates.get(Math.max(row, j))
                            .adapter()
                            .squaredDistance(updates.get(Math.min(row, j)).adapter()))
                    .sorted()
                    .toArray();
            scores[i] = IntStream.range(0, 6).mapToDouble(k -> distances[k]).reduce(0, Double::sum);
        }
        List<Integer> order = new ArrayList<>(all);
        order.sort((i, j) -> Double.compare(scores[i], scores[j]));
        assertEquals(order, new Distances(stored, global).byScore(all, 6));
    }

    @Test
    void nothingIsLeftInTheFolder() throws IOException {
        Path own = folder.resolve("own");
        List<AdapterUpdate> updates = updates(5, 7, 1);
        Adapter global = adapter(new Random(1), 7);
        Aggregation aggregation =
                new CoordinateMedian().onDisk(own).open(AggregatorContract.round(1, global), Adapter.empty());
        assertTrue(Files.notExists(own), "without updates no file is needed");
        updates.forEach(aggregation::accept);
        aggregation.finish();
        try (var files = Files.list(own)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void folderThatCannotBeWritten_isToldWithItsName() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        Aggregation aggregation = new CoordinateMedian()
                .onDisk(file)
                .open(AggregatorContract.round(1, adapter(new Random(1), 7)), Adapter.empty());
        String message = String.valueOf(assertThrows(
                        FedHdsException.class,
                        () -> aggregation.accept(updates(1, 7, 1).get(0)))
                .getMessage());
        assertTrue(message.startsWith(file + ": updates cannot be stored in it"), message);
    }
}
