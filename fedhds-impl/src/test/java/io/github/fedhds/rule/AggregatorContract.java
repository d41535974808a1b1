package io.github.fedhds.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.ClientId;
import io.github.fedhds.RoundContext;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every aggregation rule must keep. */
abstract class AggregatorContract {
    /** A fresh rule. */
    abstract Aggregator aggregator();

    static Adapter adapter(Random random, double scale) {
        float[] a = new float[12];
        float[] b = new float[20];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) (scale * random.nextGaussian());
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) (scale * random.nextGaussian() * Math.pow(10, -random.nextInt(12)));
        }
        return new Adapter(
                Map.of("lora_A", new Tensor(new int[] {3, 4}, a), "lora_B", new Tensor(new int[] {5, 4}, b)));
    }

    static RoundContext round(int number, Adapter global) {
        return new RoundContext("run", number, Optional.empty(), 3, global, Map.of());
    }

    static List<AdapterUpdate> updates(int round, int clients, long seed) {
        Random random = new Random(seed);
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            updates.add(new AdapterUpdate(
                    "run", round, new ClientId("c" + client), adapter(random, 0.1), 1 + random.nextInt(60), 1));
        }
        return updates;
    }

    static Adapter aggregate(Aggregator rule, RoundContext round, List<AdapterUpdate> updates) {
        Aggregation aggregation = rule.open(round);
        updates.forEach(aggregation::accept);
        return aggregation.finish();
    }

    @Test
    void finish_withoutUpdates_keepsTheGlobalAdapter() {
        Adapter global = adapter(new Random(1), 0.1);
        assertEquals(global, aggregate(aggregator(), round(1, global), List.of()));
    }

    @Test
    void finish_inAnyOrder_givesTheSameBits() {
        Adapter global = adapter(new Random(1), 0.1);
        List<AdapterUpdate> updates = updates(1, 11, 2);
        Adapter expected = aggregate(aggregator(), round(1, global), updates);
        for (int i = 0; i < 50; i++) {
            List<AdapterUpdate> shuffled = new ArrayList<>(updates);
            Collections.shuffle(shuffled, new Random(i));
            assertEquals(expected, aggregate(aggregator(), round(1, global), shuffled));
        }
    }

    @Test
    void finish_overRounds_keepsFormAndFiniteValues() {
        Aggregator rule = aggregator();
        Adapter global = adapter(new Random(1), 0.1);
        for (int number = 1; number <= 4; number++) {
            Adapter next = aggregate(rule, round(number, global), updates(number, 7, number));
            assertEquals(Optional.empty(), global.differenceInForm(next));
            assertEquals(Optional.empty(), next.firstNonFinite());
            global = next;
        }
    }

    @Test
    void finish_whenNobodyMoved_staysNear() {
        Adapter global = adapter(new Random(1), 0.1);
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int client = 0; client < 9; client++) {
            updates.add(new AdapterUpdate("run", 1, new ClientId("c" + client), global, 1 + client, 1));
        }
        Adapter next = aggregate(aggregator(), round(1, global), updates);
        next.tensors().forEach((name, tensor) -> {
            for (int i = 0; i < tensor.size(); i++) {
                assertEquals(global.tensors().getOrDefault(name, tensor).get(i), tensor.get(i), 1e-6f);
            }
        });
    }

    @Test
    void restore_savedState_goesOnAlike() {
        Adapter global = adapter(new Random(1), 0.1);
        Aggregator straight = aggregator();
        Adapter first = aggregate(straight, round(1, global), updates(1, 7, 1));
        Aggregator resumed = aggregator();
        resumed.restore(straight.state());
        assertEquals(
                aggregate(straight, round(2, first), updates(2, 7, 2)),
                aggregate(resumed, round(2, first), updates(2, 7, 2)));
    }

    @Test
    void restore_stateOfAnotherForm_isRefused() {
        Adapter other = new Adapter(Map.of("nobody's", new Tensor(new int[] {1}, new float[1])));
        assertThrows(IllegalArgumentException.class, () -> aggregator().restore(other));
    }

    @Test
    void accept_afterFinish_isRefused() {
        Adapter global = adapter(new Random(1), 0.1);
        Aggregation aggregation = aggregator().open(round(1, global));
        AdapterUpdate update = updates(1, 1, 1).get(0);
        aggregation.accept(update);
        assertFalse(aggregation.finish().isEmpty());
        assertThrows(IllegalStateException.class, () -> aggregation.accept(update));
        assertThrows(IllegalStateException.class, aggregation::finish);
    }
}
