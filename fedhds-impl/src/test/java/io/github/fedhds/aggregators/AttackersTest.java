package io.github.fedhds.aggregators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Attackers who know all honest updates, as many as each rule tolerates of 23 clients. Each rule's result stays within the
 * distance that its theory states; the plain mean's does not. Prints distances from the honest mean in spreads, the
 * root mean square distance of an honest update from it: the largest of 20 draws.
 */
class AttackersTest {
    private static final int CLIENTS = 23;
    private static final int DRAWS = 20;
    private static final int SIZE = 128;
    private static final double DRIFT = 0.1; // of each honest coordinate, up or down
    private static final double NOISE = 0.02;
    private static final double CLIP = 1.3; // above the norms of the honest differences, about 1.15

    private enum Attack {
        SIGN_FLIP("sign flip"),
        SCALED("scaled by 100"),
        SCALED_FLIP("scaled by -100"),
        CLAIMS("2^31 - 1 samples claimed"),
        NAN("NaN"),
        INFINITE("infinite"),
        ALIE("a little is enough"),
        COPIES("copies of one honest");

        private final String title;

        Attack(String title) {
            this.title = title;
        }
    }

    /** The honest side of a draw. */
    private record Honest(float[] global, List<float[]> updates) {
        static Honest draw(int count, long seed) {
            Random random = new Random(seed);
            float[] global = new float[SIZE];
            float[] drift = new float[SIZE];
            for (int k = 0; k < SIZE; k++) {
                global[k] = (float) (0.3 * random.nextGaussian());
                drift[k] = (float) (random.nextBoolean() ? DRIFT : -DRIFT);
            }
            List<float[]> updates = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                float[] update = new float[SIZE];
                for (int k = 0; k < SIZE; k++) {
                    update[k] = (float) (global[k] + drift[k] + NOISE * random.nextGaussian());
                }
                updates.add(update);
            }
            return new Honest(global, updates);
        }

        double[] column(int k) {
            return updates.stream().mapToDouble(u -> u[k]).sorted().toArray();
        }

        double[] mean() {
            double[] mean = new double[SIZE];
            Arrays.setAll(mean, k -> Arrays.stream(column(k)).average().orElseThrow());
            return mean;
        }

        double deviation(int k) {
            double mean = mean()[k];
            return Math.sqrt(Arrays.stream(column(k))
                    .map(x -> (x - mean) * (x - mean))
                    .average()
                    .orElseThrow());
        }

        double spread() {
            double[] mean = mean();
            return Math.sqrt(updates.stream()
                    .mapToDouble(u -> Math.pow(distance(u, mean), 2))
                    .average()
                    .orElseThrow());
        }

        double diameter() {
            double largest = 0;
            for (float[] one : updates) {
                double[] centre = new double[SIZE];
                Arrays.setAll(centre, k -> one[k]);
                for (float[] other : updates) {
                    largest = Math.max(largest, distance(other, centre));
                }
            }
            return largest;
        }

        /** What all attackers send. */
        float[] attack(Attack attack, int attackers) {
            double[] mean = mean();
            double z = attack == Attack.ALIE ? alie(CLIENTS, attackers) : 0;
            float[] bad = new float[SIZE];
            for (int k = 0; k < SIZE; k++) {
                double change = mean[k] - global[k];
                bad[k] = (float)
                        switch (attack) {
                            case SIGN_FLIP -> global[k] - change;
                            case SCALED, CLAIMS -> global[k] + 100 * change;
                            case SCALED_FLIP -> global[k] - 100 * change;
                            case NAN -> k == 77 ? Double.NaN : global[k];
                            case INFINITE -> k == 77 ? Double.POSITIVE_INFINITY : global[k];
                            case ALIE -> mean[k] - Math.signum(change) * z * deviation(k);
                            case COPIES -> updates.get(0)[k];
                        };
            }
            return bad;
        }
    }

    private static double distance(float[] one, double[] other) {
        double sum = 0;
        for (int k = 0; k < SIZE; k++) {
            sum += (one[k] - other[k]) * (one[k] - other[k]);
        }
        return Math.sqrt(sum);
    }

    /** Baruch et al. 2019, algorithm 3: how many deviations go unnoticed beside enough honest clients. */
    private static double alie(int n, int f) {
        int supporters = n / 2 + 1 - f;
        double share = (double) (n - f - supporters) / (n - f);
        double z = 0; // the normal distribution's quantile, by steps of its density
        double sum = 0.5;
        while (sum < share) {
            sum += 1e-5 * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
            z += 1e-5;
        }
        return z;
    }

    private static Adapter adapter(float[] values) {
        return new Adapter(Map.of(
                "a", new Tensor(new int[] {4, 16}, Arrays.copyOf(values, 64)),
                "b", new Tensor(new int[] {16, 4}, Arrays.copyOfRange(values, 64, SIZE))));
    }

    private static float[] values(Adapter adapter) {
        float[] values = new float[SIZE];
        System.arraycopy(Objects.requireNonNull(adapter.tensors().get("a")).toArray(), 0, values, 0, 64);
        System.arraycopy(Objects.requireNonNull(adapter.tensors().get("b")).toArray(), 0, values, 64, 64);
        return values;
    }

    /** How far the result may be, from what the honest sent alone. */
    private interface Promise {
        void check(Honest honest, float[] result, int accepted, String what);
    }

    private record Case(Aggregator rule, int attackers, Optional<Promise> promise) {}

    private static void withinRange(Honest honest, float[] result, double widths, String what) {
        for (int k = 0; k < SIZE; k++) {
            double[] column = honest.column(k);
            double low = column[0];
            double high = column[column.length - 1];
            double room = widths * (high - low);
            assertTrue(low - room <= result[k] && result[k] <= high + room, what + ", coordinate " + k);
        }
    }

    private static boolean leavesRange(Honest honest, float[] result) {
        try {
            withinRange(honest, result, 0, "");
            return false;
        } catch (AssertionError e) {
            return true;
        }
    }

    /** See Krum: near an honest update, which is at most a diameter from the mean. */
    private static Promise nearHonest(int f) {
        return (honest, result, n, what) -> {
            double bound = honest.diameter() * (1 + Math.sqrt((n - f - 2.0) / (n - 2.0 * f - 1)));
            assertTrue(distance(result, honest.mean()) <= bound, what);
        };
    }

    private static List<Case> cases() {
        Promise inRange = (honest, result, n, what) -> withinRange(honest, result, 0, what);
        Promise oneRangeAway = (honest, result, n, what) -> withinRange(honest, result, 1, what);
        Promise bounded = (honest, result, n, what) -> {
            // Each attacker is at most 2 bounds from an honest update's place.
            double attackers = n - (double) honest.updates().size();
            double[] mean = honest.mean();
            assertTrue(distance(result, mean) <= attackers / n * 2 * CLIP * 1.0001 + 1e-6, what);
        };
        return List.of(
                new Case(FedAvg.equally(), 11, Optional.empty()),
                new Case(FedAvg.bySamples(), 1, Optional.empty()),
                new Case(new CoordinateMedian(), 11, Optional.of(inRange)),
                new Case(TrimmedMean.of(11, CLIENTS), 11, Optional.of(inRange)),
                new Case(Krum.of(10, CLIENTS), 10, Optional.of(nearHonest(10))),
                new Case(Krum.multi(10, 11, CLIENTS), 10, Optional.of(nearHonest(10))),
                new Case(Bulyan.of(5, CLIENTS), 5, Optional.of(oneRangeAway)),
                new Case(NormClipping.of(CLIP, FedAvg.equally()), 11, Optional.of(bounded)),
                new Case(NormClipping.of(CLIP, new CoordinateMedian()), 11, Optional.of(inRange)));
    }

    /** The result over the accepted updates; empty where too few are left. Refused are the attackers that are not finite. */
    private static Optional<float[]> run(Case test, Attack attack, Honest honest) {
        Adapter bad = adapter(honest.attack(attack, test.attackers()));
        Adapter global = adapter(honest.global());
        Aggregation aggregation = test.rule().open(AggregatorContract.round(1, global), Adapter.empty());
        int accepted = 0;
        for (int i = 0; i < CLIENTS; i++) { // attackers first, so that ties go their way
            boolean attacker = i < test.attackers();
            AdapterUpdate update = AggregatorContract.update(
                    1,
                    String.format("c%02d", i),
                    attacker ? bad : adapter(honest.updates().get(i - test.attackers())),
                    attacker && attack == Attack.CLAIMS ? Integer.MAX_VALUE : 10);
            if (attacker && (attack == Attack.NAN || attack == Attack.INFINITE)) {
                assertThrows(IllegalArgumentException.class, () -> aggregation.accept(update));
            } else {
                aggregation.accept(update);
                accepted++;
            }
        }
        if (accepted < test.rule().leastUpdates()) {
            assertThrows(IllegalStateException.class, aggregation::finish);
            return Optional.empty();
        }
        float[] result = values(aggregation.finish());
        int n = accepted;
        test.promise().ifPresent(promise -> promise.check(honest, result, n, test.rule() + " under " + attack.title));
        return Optional.of(result);
    }

    @Test
    void finish_underEveryAttack_keepsWhatTheRulePromises() {
        for (Case test : cases()) {
            StringBuilder line = new StringBuilder();
            Map<Attack, Double> worst = new LinkedHashMap<>();
            for (Attack attack : Attack.values()) {
                int left = 0;
                int harmed = 0;
                for (int draw = 0; draw < DRAWS; draw++) {
                    Honest honest = Honest.draw(CLIENTS - test.attackers(), draw);
                    Optional<float[]> result = run(test, attack, honest);
                    if (result.isPresent()) {
                        left++;
                        double spreads = distance(result.get(), honest.mean()) / honest.spread();
                        worst.merge(attack, spreads, Math::max);
                        harmed += leavesRange(honest, result.get()) ? 1 : 0;
                    }
                }
                assertTrue(left == 0 || left == DRAWS, "a void round is a matter of numbers");
                line.append(String.format(
                        "%n  %-26s %s",
                        attack.title,
                        left == 0 ? "refused; too few are left, void" : String.format("%.2f", worst.get(attack))));
                boolean must = test.promise().isEmpty()
                        && switch (attack) {
                            case SCALED, SCALED_FLIP, CLAIMS -> true;
                            case SIGN_FLIP -> test.attackers() == 11;
                            default -> false;
                        };
                if (must) {
                    assertEquals(DRAWS, harmed, test.rule() + " withstood " + attack.title + "; is the attack one?");
                }
            }
            System.out.printf("%s, %d attackers of %d:%s%n", test.rule(), test.attackers(), CLIENTS, line);
        }
    }

    /** The numbers are the largest: one attacker more, and each rule with an f refuses to be built. */
    @Test
    void rules_oneAttackerMore_areRefused() {
        assertThrows(IllegalArgumentException.class, () -> TrimmedMean.of(12, CLIENTS));
        assertThrows(IllegalArgumentException.class, () -> Krum.of(11, CLIENTS));
        assertThrows(IllegalArgumentException.class, () -> Krum.multi(10, 12, CLIENTS));
        assertThrows(IllegalArgumentException.class, () -> Bulyan.of(6, CLIENTS));
    }
}
