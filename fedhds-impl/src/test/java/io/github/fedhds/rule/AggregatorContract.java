package io.github.fedhds.rule;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.ClientId;
import io.github.fedhds.RoundContext;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What every aggregation rule must keep. */
abstract class AggregatorContract {
    /** Enough for every rule tested. */
    private static final int CLIENTS = 11;

    private static final Adapter GLOBAL = adapter(new Random(1), 0.1);

    /** A fresh rule. */
    abstract Aggregator aggregator();

    /** That an adapter does what the other does; up to rounding. */
    void assertAlike(Adapter expected, Adapter actual) {
        assertEquals(Optional.empty(), expected.differenceInForm(actual));
        expected.tensors().forEach((name, tensor) -> {
            for (int i = 0; i < tensor.size(); i++) {
                assertEquals(
                        tensor.get(i),
                        actual.tensors().getOrDefault(name, tensor).get(i),
                        1e-6f);
            }
        });
    }

    static Adapter adapter(Random random, double scale) {
        float[] a = new float[12];
        float[] b = new float[15];
        for (int i = 0; i < a.length; i++) {
            a[i] = (float) (scale * random.nextGaussian());
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = (float) (scale * random.nextGaussian() * Math.pow(10, -random.nextInt(12)));
        }
        return factors(3, a, b);
    }

    private static Adapter factors(int rank, float[] a, float[] b) {
        return new Adapter(
                Map.of("q.lora_A", new Tensor(new int[] {rank, 4}, a), "q.lora_B", new Tensor(new int[] {5, rank}, b)));
    }

    private static Adapter filled(float value) {
        float[] a = new float[12];
        float[] b = new float[15];
        Arrays.fill(a, value);
        Arrays.fill(b, value);
        return factors(3, a, b);
    }

    static RoundContext round(int number, Adapter global) {
        return new RoundContext("run", number, Optional.empty(), 3, global, Map.of());
    }

    static AdapterUpdate update(int round, String client, Adapter adapter, int samples) {
        return new AdapterUpdate("run", round, new ClientId(client), adapter, samples, 1);
    }

    static List<AdapterUpdate> updates(int round, int clients, long seed) {
        Random random = new Random(seed);
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            updates.add(update(round, "c" + client, adapter(random, 0.1), 1 + random.nextInt(60)));
        }
        return updates;
    }

    static Adapter aggregate(Aggregator rule, RoundContext round, List<AdapterUpdate> updates) {
        Aggregation aggregation = rule.open(round);
        updates.forEach(aggregation::accept);
        return aggregation.finish();
    }

    @Test
    void finish_withoutUpdates_keepsTheGlobalAdapterAndTheState() {
        Aggregator rule = aggregator();
        Adapter first = aggregate(rule, round(1, GLOBAL), updates(1, CLIENTS, 1));
        Adapter state = rule.state();
        assertEquals(first, aggregate(rule, round(2, first), List.of()));
        assertEquals(state, rule.state());
    }

    @Test
    void finish_withFewerUpdatesThanItsLeast_isRefusedAndKeepsTheState() {
        Aggregator rule = aggregator();
        Adapter first = aggregate(rule, round(1, GLOBAL), updates(1, CLIENTS, 1));
        Adapter state = rule.state();
        int least = rule.leastUpdates();
        for (int n = 1; n < least; n++) {
            List<AdapterUpdate> few = updates(2, n, 2);
            assertFails(
                    IllegalStateException.class,
                    () -> aggregate(rule, round(2, first), few),
                    rule.toString(),
                    "n = " + n,
                    least + " updates",
                    "name more clients");
        }
        assertEquals(state, rule.state());
        Adapter next = aggregate(rule, round(2, first), updates(2, least, 2));
        assertEquals(Optional.empty(), GLOBAL.differenceInForm(next));
    }

    @Test
    void finish_inAnyOrder_givesTheSameBits() {
        List<AdapterUpdate> updates = new ArrayList<>(updates(1, CLIENTS - 2, 2));
        updates.add(update(1, "copy", updates.get(0).adapter(), 5)); // equal distances and scores
        updates.add(update(1, "another", updates.get(0).adapter(), 6));
        Adapter expected = aggregate(aggregator(), round(1, GLOBAL), updates);
        assertNotEquals(GLOBAL, expected);
        for (int i = 0; i < 50; i++) {
            List<AdapterUpdate> shuffled = new ArrayList<>(updates);
            Collections.shuffle(shuffled, new Random(i));
            assertEquals(
                    expected.digest(),
                    aggregate(aggregator(), round(1, GLOBAL), shuffled).digest());
        }
    }

    @Test
    void finish_overRounds_keepsFormAndFiniteValues() {
        Aggregator rule = aggregator();
        Adapter global = GLOBAL;
        for (int number = 1; number <= 4; number++) {
            Adapter next = aggregate(rule, round(number, global), updates(number, CLIENTS, number));
            assertEquals(Optional.empty(), global.differenceInForm(next));
            assertEquals(Optional.empty(), next.firstNonFinite());
            global = next;
        }
    }

    @Test
    void finish_whenNobodyMoved_staysNear() {
        List<AdapterUpdate> updates = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            updates.add(update(1, "c" + client, GLOBAL, client == 3 ? Integer.MAX_VALUE : 1 + client));
        }
        assertAlike(GLOBAL, aggregate(aggregator(), round(1, GLOBAL), updates));
    }

    /** The largest floats: a rule may find its result too large, but then says so and is as before. */
    @Test
    void finish_hugeValues_areFiniteOrRefused() {
        Aggregator rule = aggregator();
        Adapter first = aggregate(rule, round(1, GLOBAL), updates(1, CLIENTS, 1));
        Adapter state = rule.state();
        List<AdapterUpdate> huge = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            huge.add(update(2, "c" + client, filled(client % 3 == 0 ? -Float.MAX_VALUE : Float.MAX_VALUE), 1));
        }
        try {
            assertEquals(
                    Optional.empty(), aggregate(rule, round(2, first), huge).firstNonFinite());
        } catch (IllegalStateException e) {
            assertFails(IllegalStateException.class, () -> aggregate(rule, round(2, first), huge), "beyond float");
            assertEquals(state, rule.state());
        }
    }

    @Test
    void accept_updatesThatDoNotFit_leaveNoTrace() {
        List<AdapterUpdate> good = updates(1, CLIENTS, 4);
        Adapter expected = aggregate(aggregator(), round(1, GLOBAL), good);
        float[] nan = new float[12];
        nan[7] = Float.NaN;
        float[] infinite = new float[15];
        infinite[3] = Float.NEGATIVE_INFINITY;
        List<AdapterUpdate> bad = List.of(
                update(1, "bad", factors(3, nan, new float[15]), 1),
                update(1, "bad", factors(3, new float[12], infinite), 1),
                update(1, "bad", GLOBAL, 0),
                update(1, "bad", GLOBAL, Integer.MIN_VALUE),
                update(1, "bad", Adapter.empty(), 1),
                update(1, "bad", new Adapter(Map.of("q.lora_A", new Tensor(new int[] {0, 4}, new float[0]))), 1),
                update(1, "bad", new Adapter(Map.of("v.lora_A", new Tensor(new int[] {3, 4}, new float[12]))), 1),
                update(1, "c0", GLOBAL, 1),
                update(1, "c0", good.get(0).adapter(), good.get(0).samples()));
        Aggregation aggregation = aggregator().open(round(1, GLOBAL));
        for (AdapterUpdate update : good) {
            aggregation.accept(update);
            for (AdapterUpdate other : bad) {
                String client = "client " + other.client();
                assertFails(IllegalArgumentException.class, () -> aggregation.accept(other), client);
            }
        }
        assertEquals(expected, aggregation.finish());
    }

    @Test
    void restore_savedState_goesOnAlike() {
        Aggregator straight = aggregator();
        Adapter global = GLOBAL;
        for (int number = 1; number <= 5; number++) {
            Aggregator resumed = aggregator();
            resumed.restore(straight.state());
            List<AdapterUpdate> updates = updates(number, CLIENTS, number);
            Adapter next = aggregate(straight, round(number, global), updates);
            assertEquals(next, aggregate(resumed, round(number, global), updates));
            assertEquals(straight.state(), resumed.state());
            global = next;
        }
    }

    @Test
    void restore_stateOfAnotherForm_isRefused() {
        Adapter other = new Adapter(Map.of("nobody's", new Tensor(new int[] {1}, new float[1])));
        assertThrows(IllegalArgumentException.class, () -> aggregator().restore(other));
    }

    @Test
    void accept_afterFinish_isRefused() {
        Aggregation aggregation = aggregator().open(round(1, GLOBAL));
        List<AdapterUpdate> updates = updates(1, CLIENTS, 1);
        updates.forEach(aggregation::accept);
        assertFalse(aggregation.finish().isEmpty());
        assertThrows(IllegalStateException.class, () -> aggregation.accept(update(1, "late", GLOBAL, 1)));
        assertThrows(IllegalStateException.class, aggregation::finish);
    }
}
