package io.github.fedhds.aggregators;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregator;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FedOptTest {
    @Nested
    class AvgM extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return FedOpt.fedAvgM().build();
        }
    }

    @Nested
    class Adam extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return FedOpt.fedAdam().build();
        }
    }

    @Nested
    class Yogi extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return FedOpt.fedYogi().build();
        }
    }

    @Nested
    class Adagrad extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return FedOpt.fedAdagrad().build();
        }
    }

    @Nested
    class OverAnotherOptimizer extends AggregatorContract {
        @Override
        Aggregator aggregator() {
            return FedOpt.fedYogi().mean(FedOpt.fedAvgM().build()).build();
        }
    }

    private static Adapter one(float value) {
        return new Adapter(Map.of("t", new Tensor(new int[] {1}, new float[] {value})));
    }

    /** From zero, the clients' mean one above the global adapter in each round. */
    private static double[] climb(FedOpt.Builder builder, int rounds) {
        float[] differences = new float[rounds];
        Arrays.fill(differences, 1);
        return path(builder, differences);
    }

    /** From zero, the clients' mean that far above the global adapter in each round. */
    private static double[] path(FedOpt.Builder builder, float... differences) {
        Aggregator rule = builder.build();
        double[] path = new double[differences.length];
        AggregatorContract.Result last = new AggregatorContract.Result(one(0), Adapter.empty());
        for (int i = 0; i < path.length; i++) {
            float x = Objects.requireNonNull(last.adapter().tensors().get("t")).get(0);
            last = AggregatorContract.run(
                    rule,
                    AggregatorContract.round(i + 1, last.adapter()),
                    last.state(),
                    List.of(AggregatorContract.update(i + 1, "c", one(x + differences[i]), 1)));
            path[i] = Objects.requireNonNull(last.adapter().tensors().get("t")).get(0);
        }
        return path;
    }

    @Test
    void steps_ofConstantDifference_followTheFormulas() {
        double[] momentum = climb(FedOpt.fedAvgM().learningRate(0.5).beta1(0.5), 3);
        assertEquals(0.5, momentum[0], 1e-6);
        assertEquals(0.5 + 0.75, momentum[1], 1e-6);
        assertEquals(0.5 + 0.75 + 0.875, momentum[2], 1e-6);
        double[] adagrad = climb(FedOpt.fedAdagrad().learningRate(1).tau(1), 2);
        assertEquals(0.5, adagrad[0], 1e-6);
        assertEquals(0.5 + 1 / (Math.sqrt(2) + 1), adagrad[1], 1e-6);
        // t = 1: m = 0.1, v = 0.01, c = sqrt(1 - 0.99²) / (1 - 0.9²)
        double adam = climb(FedOpt.fedAdam().learningRate(1).tau(0.1), 1)[0];
        assertEquals(Math.sqrt(1 - 0.9801) / (1 - 0.81) * 0.1 / (0.1 + 0.1), adam, 1e-6);
        double yogi = climb(FedOpt.fedYogi().learningRate(1).tau(0.1), 1)[0];
        assertEquals(0.1 / (0.1 + 0.1), yogi, 1e-6);
    }

    /**
     * Differences 1, 1/4, 1 with beta1 = 1/2, beta2 = 3/4, tau = 1, so m = 1/2, 3/8, 11/16. Adam's v = 1/4, 13/64,
     * 103/256; Yogi's falls by 1/64 where Adam's falls further, v = 1/4, 15/64, 31/64.
     */
    @Test
    void steps_ofASmallSecondDifference_followTheFormulasByHand() {
        FedOpt.Builder adamRule =
                FedOpt.fedAdam().learningRate(1).beta1(0.5).beta2(0.75).tau(1);
        double[] adam = path(adamRule, 1, 0.25f, 1);
        double first = Math.sqrt(1 - 9 / 16.0) / (1 - 1 / 4.0) * 0.5 / (0.5 + 1); // 0.8819171 * 0.3333333
        double second = Math.sqrt(1 - 27 / 64.0) / (1 - 1 / 8.0) * 0.375 / (Math.sqrt(13 / 64.0) + 1);
        double third = Math.sqrt(1 - 81 / 256.0) / (1 - 1 / 16.0) * 0.6875 / (Math.sqrt(103 / 256.0) + 1);
        assertArrayEquals(new double[] {first, first + second, first + second + third}, adam, 1e-6);
        assertArrayEquals(new double[] {0.2939724, 0.5185975, 0.8895917}, adam, 1e-6);

        FedOpt.Builder yogiRule =
                FedOpt.fedYogi().learningRate(1).beta1(0.5).beta2(0.75).tau(1);
        double[] yogi = path(yogiRule, 1, 0.25f, 1);
        assertArrayEquals(new double[] {0.3333333, 0.5860078, 0.9913804}, yogi, 1e-6);
    }

    @Test
    void momentum_zeroAndRateOne_isFedAvg() {
        double[] path = climb(FedOpt.fedAvgM().beta1(0), 4);
        assertEquals(4, path[3], 1e-6);
    }

    @Test
    void state_names_areThoseOfTheRule() {
        Map<String, Set<String>> expected = new HashMap<>();
        expected.put("FedAvgM", Set.of("rule.FedAvgM", "step", "m.t"));
        expected.put("FedAdam", Set.of("rule.FedAdam", "step", "m.t", "v.t"));
        expected.put("FedYogi", Set.of("rule.FedYogi", "step", "m.t", "v.t"));
        expected.put("FedAdagrad", Set.of("rule.FedAdagrad", "step", "v.t"));
        for (FedOpt.Builder builder :
                List.of(FedOpt.fedAvgM(), FedOpt.fedAdam(), FedOpt.fedYogi(), FedOpt.fedAdagrad())) {
            FedOpt rule = builder.build();
            Adapter state = Adapter.empty();
            for (int number = 1; number <= 2; number++) {
                state = AggregatorContract.run(
                                rule,
                                AggregatorContract.round(number, one(0)),
                                state,
                                List.of(AggregatorContract.update(number, "c", one(1), 1)))
                        .state();
            }
            String title = rule.toString().substring(0, rule.toString().indexOf('['));
            assertEquals(expected.get(title), state.tensors().keySet());
            assertEquals(2, Objects.requireNonNull(state.tensors().get("step")).get(0));
        }
    }

    private static Adapter state(float step, float m, float v) {
        return new Adapter(Map.of(
                "rule.FedAdam",
                new Tensor(new int[] {1}, new float[1]),
                "step",
                new Tensor(new int[] {1}, new float[] {step}),
                "m.t",
                new Tensor(new int[] {1}, new float[] {m}),
                "v.t",
                new Tensor(new int[] {1}, new float[] {v})));
    }

    @Test
    void checkState_whatNoRuleLeaves_isRefused() {
        FedOpt rule = FedOpt.fedAdam().build();
        rule.checkState(one(0), state(7, 1, 1));
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        for (float step : new float[] {0, -1, 1.5f, Float.NaN, 1e9f}) {
            assertFails(kind, () -> rule.checkState(one(0), state(step, 0, 0)), "FedAdam", "step from 1");
        }
        assertFails(kind, () -> rule.checkState(one(0), state(1, Float.NaN, 0)), "m.t holds NaN");
        assertFails(kind, () -> rule.checkState(one(0), state(1, 0, -1)), "v.t is a mean of squares, but holds -1");
        Map<String, Tensor> more = new HashMap<>(state(1, 0, 0).tensors());
        more.put("w.t", new Tensor(new int[] {1}, new float[1]));
        assertFails(kind, () -> rule.checkState(one(0), new Adapter(more)), "tensor w.t is not its own");
        assertFails(
                kind,
                () -> rule.checkState(one(0), new Adapter(Map.of("inner.x", new Tensor(new int[] {1}, new float[] {1
                })))),
                "keeps no state");
    }

    /** FedAdam and FedYogi leave tensors of the same names and shapes. */
    @Test
    void checkState_ofEachOtherRule_isRefused() {
        List<FedOpt.Builder> builders =
                List.of(FedOpt.fedAvgM(), FedOpt.fedAdam(), FedOpt.fedYogi(), FedOpt.fedAdagrad());
        for (FedOpt.Builder from : builders) {
            FedOpt saved = from.build();
            Adapter state = AggregatorContract.run(
                            saved,
                            AggregatorContract.round(1, one(0)),
                            Adapter.empty(),
                            List.of(AggregatorContract.update(1, "c", one(1), 1)))
                    .state();
            for (FedOpt.Builder to : builders) {
                FedOpt rule = to.build();
                FedOpt inside = FedOpt.fedAvgM().mean(rule).build();
                Map<String, Tensor> nested = new HashMap<>();
                state.tensors().forEach((name, tensor) -> nested.put("inner." + name, tensor));
                if (from == to) {
                    rule.checkState(one(0), state);
                    inside.checkState(one(0), new Adapter(nested));
                    continue;
                }
                String[] parts = {
                    "no state of " + rule,
                    "it is of " + saved.toString().substring(0, saved.toString().indexOf('[')),
                    "restore it with that rule, or start a new run"
                };
                Class<IllegalArgumentException> kind = IllegalArgumentException.class;
                assertFails(kind, () -> rule.checkState(one(0), state), parts);
                assertFails(kind, () -> rule.open(AggregatorContract.round(2, one(0)), state), parts);
                assertFails(kind, () -> inside.checkState(one(0), new Adapter(nested)), parts);
            }
            Map<String, Tensor> unnamed = new HashMap<>(state.tensors());
            unnamed.keySet().removeIf(name -> name.startsWith("rule."));
            assertFails(
                    IllegalArgumentException.class,
                    () -> saved.checkState(one(0), new Adapter(unnamed)),
                    "does not say which rule left it");
        }
    }

    @Test
    void checkState_ofAnotherAdapter_isRefused() {
        FedOpt rule = FedOpt.fedAdam().build();
        Adapter longer = new Adapter(Map.of("t", new Tensor(new int[] {2}, new float[2])));
        String[] parts = {
            "FedAdam",
            "tensor m.t is Tensor[1], expected Tensor[2]",
            "restore the state that was saved with the adapter"
        };
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertFails(kind, () -> rule.checkState(longer, state(7, 1, 1)), parts);
        assertFails(kind, () -> rule.open(AggregatorContract.round(8, longer), state(7, 1, 1)), parts);
    }

    /** Its factors are in a basis of their own: d is not zero where nobody moved, and momentum drives the adapter away. */
    @Test
    void mean_exactLora_isRefusedAlsoWhenClipped() {
        Aggregator exact = ExactLoraAveraging.alpha(16).build();
        List<Aggregator> refused =
                List.of(exact, NormClipping.of(1, exact), NormClipping.of(2, NormClipping.of(1, exact)));
        for (Aggregator rule : refused) {
            assertFails(
                    IllegalArgumentException.class,
                    () -> FedOpt.fedAvgM().mean(rule),
                    "FedAvgM",
                    rule.toString(),
                    "use that rule without FedOpt, or");
        }
        // All that keeps an adapter nobody moved is a mean: this package's rules, and an application's.
        Aggregator own = (round, state) -> FedAvg.equally().open(round, state);
        for (Aggregator rule : List.of(NormClipping.of(1, TrimmedMean.of(0)), Krum.of(0), own)) {
            FedOpt momentum = FedOpt.fedAvgM().mean(rule).build();
            AggregatorContract.Result last = new AggregatorContract.Result(one(3), Adapter.empty());
            for (int number = 1; number <= 3; number++) {
                Adapter global = last.adapter();
                last = AggregatorContract.run(
                        momentum,
                        AggregatorContract.round(number, global),
                        last.state(),
                        List.of(
                                AggregatorContract.update(number, "a", global, 1),
                                AggregatorContract.update(number, "b", global, 2),
                                AggregatorContract.update(number, "c", global, 3)));
            }
            assertEquals(one(3), last.adapter());
        }
    }

    @Test
    void settings_outOfRangeOrUnused_areRefused() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> FedOpt.fedAdam().learningRate(bad), "learningRate", "was " + bad);
            assertFails(kind, () -> FedOpt.fedAdam().tau(bad), "tau", "was " + bad);
        }
        for (double bad : new double[] {1, -0.1, Double.NaN}) {
            assertFails(kind, () -> FedOpt.fedYogi().beta1(bad), "beta1", "was " + bad);
            assertFails(kind, () -> FedOpt.fedYogi().beta2(bad), "beta2", "was " + bad);
        }
        assertFails(kind, () -> FedOpt.fedAvgM().tau(1), "FedAvgM has no tau");
        assertFails(kind, () -> FedOpt.fedAvgM().beta2(0.5), "FedAvgM has no beta2");
        assertFails(kind, () -> FedOpt.fedAdagrad().beta1(0.5), "FedAdagrad has no beta1");
    }
}
