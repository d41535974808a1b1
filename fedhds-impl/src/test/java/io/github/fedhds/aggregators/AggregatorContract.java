package io.github.fedhds.aggregators;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
        return round(number, global, List.of());
    }

    static RoundContext round(int number, Adapter global, List<ClientId> clients) {
        return new RoundContext("run", number, Optional.empty(), 3, global, Map.of(), clients);
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

    /** What a round comes to. */
    record Result(Adapter adapter, Adapter state) {}

    static Result run(Aggregator rule, RoundContext round, Adapter state, List<AdapterUpdate> updates) {
        Aggregation aggregation = rule.open(round, state);
        updates.forEach(aggregation::accept);
        return new Result(aggregation.finish(), aggregation.state());
    }

    /** A round that starts without a state. */
    static Adapter aggregate(Aggregator rule, RoundContext round, List<AdapterUpdate> updates) {
        return run(rule, round, Adapter.empty(), updates).adapter();
    }

    /** What each of some rounds comes to, one after the other, with updates of their own for each seed. */
    private static List<Result> rounds(Aggregator rule, int count, long seed) {
        List<Result> results = new ArrayList<>(List.of(new Result(GLOBAL, Adapter.empty())));
        for (int number = 1; number <= count; number++) {
            Result last = results.get(number - 1);
            results.add(
                    run(rule, round(number, last.adapter()), last.state(), updates(number, CLIENTS, seed + number)));
        }
        return results;
    }

    @Test
    void finish_withoutUpdates_keepsTheGlobalAdapterAndTheState() {
        Aggregator rule = aggregator();
        Result first = rounds(rule, 1, 1).get(1);
        assertEquals(first, run(rule, round(2, first.adapter()), first.state(), List.of()));
    }

    @Test
    void finish_withFewerUpdatesThanItsLeast_isRefused() {
        Aggregator rule = aggregator();
        Result first = rounds(rule, 1, 1).get(1);
        int least = rule.leastUpdates();
        for (int n = 1; n < least; n++) {
            List<AdapterUpdate> few = updates(2, n, 2);
            assertFails(
                    IllegalStateException.class,
                    () -> run(rule, round(2, first.adapter()), first.state(), few),
                    rule.toString(),
                    "n = " + n,
                    least + " updates",
                    "name more clients");
        }
        Result next = run(rule, round(2, first.adapter()), first.state(), updates(2, least, 2));
        assertEquals(Optional.empty(), GLOBAL.differenceInForm(next.adapter()));
        assertEquals(next, run(aggregator(), round(2, first.adapter()), first.state(), updates(2, least, 2)));
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

    /** Ids say nothing: the order of the clients of the round does, whatever their text and whoever comes first. */
    @Test
    void finish_underOtherIds_givesTheSameBits() {
        List<AdapterUpdate> updates = new ArrayList<>(updates(1, CLIENTS, 2));
        updates.set(9, update(1, "c9", updates.get(2).adapter(), 5)); // ties
        updates.set(10, update(1, "c10", updates.get(2).adapter(), 6));
        String expected = null;
        for (String ids : List.of("abcdefghijk", "kjihgfedcba", "fakebicdghj")) {
            List<ClientId> clients = new ArrayList<>();
            List<AdapterUpdate> renamed = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new ClientId(ids.substring(i, i + 1)));
                renamed.add(update(
                        1,
                        ids.substring(i, i + 1),
                        updates.get(i).adapter(),
                        updates.get(i).samples()));
            }
            for (int arrival = 0; arrival < 2; arrival++) {
                String digest = aggregate(aggregator(), round(1, GLOBAL, clients), renamed)
                        .digest();
                expected = expected == null ? digest : expected;
                assertEquals(expected, digest, ids);
                Collections.reverse(renamed);
            }
        }
    }

    @Test
    void finish_overRounds_keepsFormAndFiniteValues() {
        for (Result result : rounds(aggregator(), 4, 0)) {
            assertEquals(Optional.empty(), GLOBAL.differenceInForm(result.adapter()));
            assertEquals(Optional.empty(), result.adapter().firstNonFinite());
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

    /** The largest floats: a rule may find its result too large, but then says so. */
    @Test
    void finish_hugeValues_areFiniteOrRefused() {
        Aggregator rule = aggregator();
        Result first = rounds(rule, 1, 1).get(1);
        List<AdapterUpdate> huge = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            huge.add(update(2, "c" + client, filled(client % 3 == 0 ? -Float.MAX_VALUE : Float.MAX_VALUE), 1));
        }
        try {
            Result next = run(rule, round(2, first.adapter()), first.state(), huge);
            assertEquals(Optional.empty(), next.adapter().firstNonFinite());
            rule.checkState(next.adapter(), next.state());
        } catch (IllegalStateException e) {
            assertFails(
                    IllegalStateException.class,
                    () -> run(rule, round(2, first.adapter()), first.state(), huge),
                    "beyond float");
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
        Aggregation aggregation = aggregator().open(round(1, GLOBAL), Adapter.empty());
        for (AdapterUpdate update : good) {
            aggregation.accept(update);
            for (AdapterUpdate other : bad) {
                String client = "client " + other.client();
                assertFails(IllegalArgumentException.class, () -> aggregation.accept(other), client);
            }
        }
        assertEquals(expected, aggregation.finish());
    }

    /** Equal arguments give equal results: of another rule with the same settings, and of one that was used meanwhile. */
    @Test
    void open_sameStateAndUpdates_givesTheSameAdapterAndState() {
        Aggregator used = aggregator();
        List<Result> expected = rounds(used, 5, 0);
        for (int number = 1; number <= 5; number++) {
            Result last = expected.get(number - 1);
            List<AdapterUpdate> updates = updates(number, CLIENTS, number);
            for (Aggregator rule : List.of(aggregator(), used)) {
                Aggregation dropped = rule.open(round(number, last.adapter()), last.state());
                updates(number, CLIENTS, 99).forEach(dropped::accept); // a round that is abandoned
                assertEquals(expected.get(number), run(rule, round(number, last.adapter()), last.state(), updates));
                assertNotEquals(expected, rounds(rule, 2, 50));
            }
        }
    }

    /** Two servers that share one rule, a round of the one within a round of the other. */
    @Test
    void open_ofTwoRunsInterleaved_mixesNothing() {
        Aggregator shared = aggregator();
        List<Result> ones = rounds(aggregator(), 4, 0);
        List<Result> others = rounds(aggregator(), 4, 20);
        assertNotEquals(ones, others);
        for (int number = 1; number <= 4; number++) {
            Result one = ones.get(number - 1);
            Result other = others.get(number - 1);
            Aggregation first = shared.open(round(number, one.adapter()), one.state());
            Aggregation second = shared.open(round(number, other.adapter()), other.state());
            List<AdapterUpdate> firsts = updates(number, CLIENTS, number);
            List<AdapterUpdate> seconds = updates(number, CLIENTS, 20 + number);
            for (int client = 0; client < CLIENTS; client++) {
                first.accept(firsts.get(client));
                second.accept(seconds.get(client));
            }
            assertEquals(ones.get(number), new Result(first.finish(), first.state()));
            assertEquals(others.get(number), new Result(second.finish(), second.state()));
        }
    }

    @Test
    void open_fromManyThreads_givesTheSameBits() throws Exception {
        Aggregator shared = aggregator();
        List<List<Result>> expected = new ArrayList<>();
        List<Callable<List<Result>>> runs = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            int seed = 20 * (i % 4);
            expected.add(rounds(aggregator(), 3, seed));
            runs.add(() -> rounds(shared, 3, seed));
        }
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            List<Future<List<Result>>> results = pool.invokeAll(runs);
            for (int i = 0; i < results.size(); i++) {
                assertEquals(expected.get(i), results.get(i).get());
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void checkState_takesEveryStateOfItsOwnAndNoOther() {
        Aggregator rule = aggregator();
        rounds(rule, 3, 0).forEach(result -> rule.checkState(result.adapter(), result.state()));
        Adapter other = new Adapter(Map.of("nobody's", new Tensor(new int[] {1}, new float[1])));
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertThrows(bad, () -> rule.checkState(GLOBAL, other));
        assertThrows(bad, () -> rule.open(round(1, GLOBAL), other));
    }

    @Test
    void state_beforeFinish_isRefused() {
        Aggregation aggregation = aggregator().open(round(1, GLOBAL), Adapter.empty());
        assertFails(IllegalStateException.class, aggregation::state, "after finish");
    }

    @Test
    void accept_afterFinish_isRefused() {
        Aggregation aggregation = aggregator().open(round(1, GLOBAL), Adapter.empty());
        List<AdapterUpdate> updates = updates(1, CLIENTS, 1);
        updates.forEach(aggregation::accept);
        assertFalse(aggregation.finish().isEmpty());
        assertThrows(IllegalStateException.class, () -> aggregation.accept(update(1, "late", GLOBAL, 1)));
        assertThrows(IllegalStateException.class, aggregation::finish);
    }
}
