package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.model.DecoderConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdaptedModelTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;

    /** Float32 sums in another order; the largest difference seen is about 2e-6. */
    private static final float TOLERANCE = 2e-5f;

    private static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "v_proj", "down_proj"), 3, 2);

    private static LanguageModel model;
    private static AdaptedModel base;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
        base = model.base();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<int[]> rows(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<int[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(TinyModel.ids(random, 1 + random.nextInt(TinyModel.POSITIONS)));
        }
        return rows;
    }

    private static AdaptedModel adapted() {
        return model.with(FORM, TinyModel.adapter(model.config(), FORM, 5));
    }

    @ParameterizedTest
    @EnumSource(value = Pooling.class, names = "PARTS", mode = EnumSource.Mode.EXCLUDE)
    void features_anyTokenBudget_keepOrderAndValues(Pooling pooling) {
        List<int[]> rows = rows(23, 1);
        for (AdaptedModel some : List.of(base, adapted())) {
            float[][] single = some.features(rows, pooling, 1);
            for (int budget : new int[] {63, 64, 200, 777, Integer.MAX_VALUE}) {
                float[][] together = some.features(rows, pooling, budget);
                for (int i = 0; i < single.length; i++) {
                    assertEquals(48, together[i].length);
                    assertArrayEquals(single[i], together[i], TOLERANCE, "row " + i + ", budget " + budget);
                }
            }
        }
    }

    @Test
    void features_ofOneText_areItsPooledStates() {
        int[] ids = TinyModel.ids(new SplittableRandom(2), 9);
        List<float[]> states = base.states(ids);
        assertEquals(4, states.size());
        float[] last = base.features(List.of(ids), Pooling.LAST_TOKEN, 1)[0];
        float[] mean = base.features(List.of(ids), Pooling.MEAN, 1)[0];
        for (int block = 0; block < 3; block++) {
            for (int i = 0; i < 16; i++) {
                int column = i;
                float[] state = states.get(block);
                assertEquals(state[8 * 16 + i], last[block * 16 + i], TOLERANCE);
                double average = IntStream.range(0, 9)
                        .mapToDouble(t -> state[t * 16 + column])
                        .average()
                        .orElseThrow();
                assertEquals(average, mean[block * 16 + i], TOLERANCE);
            }
        }
        assertEquals(9 * 60, states.get(3).length);
    }

    @Test
    void features_meansWithOtherWeights_areThoseOfTheStates() {
        SplittableRandom random = new SplittableRandom(3);
        List<int[]> rows = List.of(TinyModel.ids(random, 3), TinyModel.ids(random, 2), TinyModel.ids(random, 1));
        double[][] weighted = {{1 / 6.0, 2 / 6.0, 3 / 6.0}, {1 / 3.0, 2 / 3.0}, {1}};
        double[][] withoutFirst = {{0, 0.5, 0.5}, {0, 1}, {1}};
        for (int budget : new int[] {1, 100}) { // alone, and padded to the longest
            assertPooled(weighted, rows, base.features(rows, Pooling.POSITION_WEIGHTED_MEAN, budget));
            assertPooled(withoutFirst, rows, base.features(rows, Pooling.MEAN_WITHOUT_FIRST, budget));
        }
    }

    private static void assertPooled(double[][] weights, List<int[]> rows, float[][] features) {
        for (int i = 0; i < rows.size(); i++) {
            List<float[]> states = base.states(rows.get(i));
            for (int at = 0; at < 48; at++) {
                double sum = 0;
                for (int t = 0; t < weights[i].length; t++) {
                    sum += weights[i][t] * states.get(at / 16)[t * 16 + at % 16];
                }
                assertEquals(sum, features[i][at], TOLERANCE, "row " + i + ", column " + at);
            }
        }
    }

    @Test
    void means_ofSpans_areThoseOfTheStates() {
        SplittableRandom random = new SplittableRandom(12);
        List<int[]> rows = List.of(TinyModel.ids(random, 9), TinyModel.ids(random, 5), TinyModel.ids(random, 1));
        List<int[][]> spans =
                List.of(new int[][] {{2, 6}, {8, 9}}, new int[][] {{3, 3}, {0, 5}}, new int[][] {{0, 1}, {1, 1}});
        for (int budget : new int[] {1, 100}) {
            for (int[] chosen : new int[][] {{0, 1, 2}, {0}, {1, 2}, {2}}) {
                float[][] means = base.means(rows, spans, budget, chosen);
                for (int i = 0; i < rows.size(); i++) {
                    List<float[]> states = base.states(rows.get(i));
                    assertEquals(2 * chosen.length * 16, means[i].length);
                    for (int at = 0; at < means[i].length; at++) {
                        int[] span = spans.get(i)[at / 16 / chosen.length];
                        float[] state = states.get(chosen[at / 16 % chosen.length]);
                        double sum = 0;
                        for (int t = span[0]; t < span[1]; t++) {
                            sum += state[t * 16 + at % 16];
                        }
                        assertEquals(sum / Math.max(1, span[1] - span[0]), means[i][at], TOLERANCE);
                    }
                }
            }
        }
    }

    @Test
    void means_spansOutsideTheirRow_areRefused() {
        List<int[]> rows = List.of(new int[] {1, 5, 6});
        int[] all = {0, 1, 2};
        for (int[] span : new int[][] {{-1, 1}, {2, 1}, {0, 4}, {0}, {0, 1, 2}}) {
            assertFails(
                    VALUE,
                    () -> base.means(rows, List.<int[][]>of(new int[][] {span}), 9, all),
                    "0 <= from <= to <= 3, was " + Arrays.toString(span));
        }
        assertFails(VALUE, () -> base.means(rows, List.of(), 9, all), "was 1 rows, 0 of spans");
        assertFails(VALUE, () -> base.means(rows, List.<int[][]>of(new int[0][]), 9, all), "one or more; was 0 and 0");
        List<int[][]> uneven = List.of(new int[][] {{0, 1}}, new int[][] {{0, 1}, {1, 2}});
        assertFails(
                VALUE, () -> base.means(List.of(rows.get(0), rows.get(0)), uneven, 9, all), "one or more; was 1 and 2");
        assertFails(VALUE, () -> base.features(rows, Pooling.PARTS, 9), "bare token ids have no parts");
        assertEquals(0, base.means(List.of(), List.of(), 9, all).length);
    }

    @Test
    void lists_thatAreEmpty_giveNothing() {
        assertEquals(0, base.features(List.of(), Pooling.MEAN, 1).length);
        assertEquals(0, base.losses(List.of(), new int[0], 1).length);
        assertEquals(List.of(), base.generate(List.of(), 5, 1));
    }

    @Test
    void rows_thatTheModelCannotRead_areRefused() {
        int[] good = {1, 5};
        Map<String, int[]> bad = new LinkedHashMap<>();
        bad.put("must not be empty", new int[0]);
        bad.put("a row has 65 tokens, this model's context length is 64", new int[65]);
        bad.put("token id 60 is not in the model's vocabulary of 60", new int[] {1, 60});
        bad.put("token id -1 is not", new int[] {-1});
        bad.forEach((rule, row) -> {
            List<int[]> rows = List.of(good, row);
            assertFails(VALUE, () -> base.features(rows, Pooling.MEAN, 99), rule);
            assertFails(VALUE, () -> base.losses(rows, new int[] {1, 1}, 99), rule);
            assertFails(VALUE, () -> base.generate(rows, 3, 99), rule);
            assertFails(VALUE, () -> base.generate(rows, 0, 99), rule);
            assertFails(VALUE, () -> base.states(row), rule);
        });
        for (int budget : new int[] {0, -1}) {
            String rule = "tokenBudget must be 1 or more, was " + budget;
            assertFails(VALUE, () -> base.features(List.of(good), Pooling.MEAN, budget), rule);
            assertFails(VALUE, () -> base.losses(List.of(good), new int[] {1}, budget), rule);
            assertFails(VALUE, () -> base.generate(List.of(good), 1, budget), rule);
        }
    }

    @Test
    void losses_inAnyBatch_areTheHandComputedOnes() {
        List<int[]> rows = rows(12, 3);
        rows.removeIf(row -> row.length < 3);
        int[] starts = rows.stream().mapToInt(row -> 1 + row.length / 3).toArray();
        double[] together = base.losses(rows, starts, 1 << 20);
        double[] single = base.losses(rows, starts, 1);
        for (int i = 0; i < starts.length; i++) {
            double expected = HandLoss.of(base, rows.get(i), starts[i]);
            assertEquals(expected, together[i], 1e-5, "row " + i);
            assertEquals(expected, single[i], 1e-5, "row " + i);
        }
    }

    @Test
    void losses_withoutAnAnswerToken_areNaN() {
        List<int[]> rows = List.of(new int[] {1, 5, 6}, new int[] {1}, new int[] {1, 5, 6});
        double[] losses = base.losses(rows, new int[] {3, 1, 1}, 99);
        assertTrue(Double.isNaN(losses[0]));
        assertTrue(Double.isNaN(losses[1]));
        assertTrue(losses[2] > 0);
        assertTrue(Double.isNaN(base.losses(List.of(new int[] {1}), new int[] {7}, 1)[0]));
        assertFails(VALUE, () -> base.losses(rows, new int[] {0, 1, 1}, 9), "at place 1 or later, was 0");
        assertFails(VALUE, () -> base.losses(rows, new int[2], 9), "one answer start a row, was 2 for 3");
    }

    @Test
    void generate_inAnyBatch_continuesEachTextAlike() {
        List<int[]> prompts = rows(17, 4);
        for (AdaptedModel some : List.of(base, adapted())) {
            List<int[]> single = some.generate(prompts, 12, 1);
            for (int budget : new int[] {100, 1 << 20}) {
                List<int[]> together = some.generate(prompts, 12, budget);
                for (int i = 0; i < prompts.size(); i++) {
                    assertArrayEquals(single.get(i), together.get(i), "prompt " + i + ", budget " + budget);
                }
            }
        }
    }

    /** What the cache gives is what reading the whole text anew gives. */
    @Test
    void generate_everyToken_isTheLikeliestAfterTheTextSoFar() {
        for (int[] prompt : rows(6, 5)) {
            int[] text = prompt;
            int[] made = base.generate(List.of(prompt), 10, 1).get(0);
            for (int id : made) {
                assertEquals(likeliest(text), id);
                text = Arrays.copyOf(text, text.length + 1);
                text[text.length - 1] = id;
            }
            boolean full = text.length > TinyModel.POSITIONS;
            assertTrue(made.length == 10 || full || likeliest(text) == TinyModel.END);
        }
    }

    private static int likeliest(int[] text) {
        List<float[]> states = base.states(text);
        float[] logits = states.get(states.size() - 1);
        int from = (text.length - 1) * TinyModel.VOCABULARY;
        int best = 0;
        for (int i = 1; i < TinyModel.VOCABULARY; i++) {
            best = logits[from + i] > logits[from + best] ? i : best;
        }
        return best;
    }

    @Test
    void generate_noTokens_isEmpty() {
        assertEquals(0, base.generate(rows(3, 6), 0, 99).get(2).length);
        assertFails(VALUE, () -> base.generate(rows(3, 6), -1, 99), "maxNewTokens must be 0 or more, was -1");
    }

    @Test
    void generate_atThePositions_stops() {
        SplittableRandom random = new SplittableRandom(7);
        List<int[]> prompts = List.of(
                TinyModel.ids(random, TinyModel.POSITIONS),
                TinyModel.ids(random, TinyModel.POSITIONS - 3),
                TinyModel.ids(random, 2));
        for (int budget : new int[] {1, 1 << 20}) {
            List<int[]> made = base.generate(prompts, 1000, budget);
            // The token after the last position is made, and cannot be read any more.
            assertTrue(made.get(0).length <= 1);
            assertTrue(made.get(1).length <= 4);
            assertTrue(made.get(2).length <= TinyModel.POSITIONS - 1);
        }
    }

    @Test
    void generate_atAnyEndOfText_stopsBeforeIt(@TempDir Path folder) {
        int[] prompt = TinyModel.ids(new SplittableRandom(8), 5);
        int[] free = base.generate(List.of(prompt), 20, 1).get(0);
        assertTrue(free.length > 3, "this seed's text is long enough to be ended earlier");
        int end = free[3];
        JsonObject config = TinyModel.config();
        JsonArray ends = new JsonArray();
        ends.add(TinyModel.END);
        ends.add(end);
        config.add("eos_token_id", ends);
        try (LanguageModel other = TinyModel.load(TinyModel.write(folder, config, TinyModel.weights(config, 1)))) {
            int first = IntStream.range(0, free.length)
                    .filter(i -> free[i] == end)
                    .findFirst()
                    .orElseThrow();
            List<int[]> made = other.base().generate(List.of(prompt, new int[] {1, 9, 9}), 20, 99);
            assertArrayEquals(Arrays.copyOf(free, first), made.get(0));
        }
    }

    @Test
    void with_adapterWhoseBIsZero_isTheBaseModel() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        TinyModel.adapter(model.config(), FORM, 9).tensors().forEach((name, tensor) -> {
            boolean up = name.endsWith("lora_B");
            tensors.put(name, up ? new Tensor(tensor.shape(), new float[tensor.size()]) : tensor);
        });
        AdaptedModel same = model.with(FORM, new Adapter(tensors));
        int[] ids = TinyModel.ids(new SplittableRandom(9), 20);
        List<float[]> expected = base.states(ids);
        List<float[]> actual = same.states(ids);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), 1e-6f);
        }
        assertFalse(Arrays.equals(expected.get(3), adapted().states(ids).get(3)), "another adapter changes it");
    }

    @Test
    void with_noForm_isTheBaseModel() {
        int[] ids = {1, 5, 9};
        assertArrayEquals(
                base.states(ids).get(3),
                model.with(AdapterForm.none(), Adapter.empty()).states(ids).get(3));
    }

    @Test
    void with_adapterOfAnotherForm_namesTheTensor() {
        DecoderConfig config = model.config();
        String a = "model.layers.0.self_attn.q_proj.lora_A";
        Adapter good = TinyModel.adapter(config, FORM, 1);
        AdapterForm rankFour = new AdapterForm(FORM.targets(), 4, 2);
        assertFails(
                VALUE,
                () -> model.with(FORM, TinyModel.adapter(config, rankFour, 1)),
                a + " has shape [4, 16], this model needs [3, 16] at rank 3",
                "another rank");
        Map<String, Tensor> tensors = new LinkedHashMap<>(good.tensors());
        tensors.remove(a);
        assertFails(VALUE, () -> model.with(FORM, new Adapter(tensors)), a + " of shape [3, 16] is missing");
        tensors.put(a, new Tensor(new int[] {48}, new float[48]));
        assertFails(VALUE, () -> model.with(FORM, new Adapter(tensors)), a + " has shape [48]");
        tensors.putAll(good.tensors());
        tensors.put("model.layers.2.self_attn.q_proj.lora_A", new Tensor(new int[] {3, 16}, new float[48]));
        assertFails(
                VALUE,
                () -> model.with(FORM, new Adapter(tensors)),
                "model.layers.2.self_attn.q_proj.lora_A belongs to no");
        assertFails(VALUE, () -> model.with(FORM, Adapter.empty()), a, "is missing");
        assertFails(VALUE, () -> model.with(AdapterForm.none(), good), "belongs to no adapted module");
    }

    @Test
    void form_targets_meanModulesAsPeftHasThem() {
        List<String> all = List.of(
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.o_proj",
                "mlp.gate_proj",
                "mlp.up_proj",
                "mlp.down_proj");
        assertEquals(all, modules("all-linear"));
        assertEquals(List.of("self_attn.q_proj", "self_attn.v_proj"), modules("v_proj", "q_proj", "v_proj"));
        assertEquals(List.of("mlp.up_proj"), modules("mlp.up_proj"));
        assertEquals(all.subList(4, 7), modules(".*\\.mlp\\..*"));
        assertEquals(List.of(), modules());
    }

    private static List<String> modules(String... targets) {
        return new AdapterForm(List.of(targets), 1, 1).modules(model.config());
    }

    @Test
    void form_settings_areChecked() {
        assertFails(
                VALUE,
                () -> new AdapterForm(List.of("c_attn"), 1, 1).shapes(model.config()),
                "target module c_attn is not in every layer of this model; a layer has [self_attn.q_proj");
        assertFails(VALUE, () -> new AdapterForm(List.of(" "), 1, 1), "blank");
        assertFails(VALUE, () -> new AdapterForm(List.of("(q"), 1, 1), "target module (q is no regular expression");
        assertFails(
                VALUE,
                () -> new AdapterForm(List.of("v_proj", "model.layers.[1-9]+.self_attn.q_proj"), 1, 1)
                        .shapes(model.config()),
                "is not in every layer of this model");
        assertFails(
                VALUE,
                () -> new AdapterForm(List.of("model.layers.0.self_attn.q_proj"), 1, 1).shapes(model.config()),
                "mean self_attn.q_proj in 1 of 2 layers");
        assertFails(VALUE, () -> new AdapterForm(List.of("q_proj"), 0, 1), "rank of 1 or more", "rank 0");
        for (double scale : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(VALUE, () -> new AdapterForm(List.of("q_proj"), 1, scale), "finite scale", "scale " + scale);
        }
        assertFails(VALUE, () -> model.loraGradient(AdapterForm.none(), 0), "nothing to train");
        for (double dropout : new double[] {-0.1, 1, Double.NaN}) {
            assertFails(
                    VALUE,
                    () -> model.loraGradient(FORM, dropout),
                    "dropout must be 0 or more and below 1",
                    "" + dropout);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void flatten_andUnflatten_giveTheAdapterBack(long seed) {
        Adapter adapter = TinyModel.adapter(model.config(), FORM, seed);
        float[] flat = FORM.flatten(model.config(), adapter);
        assertEquals(adapter.parameters(), flat.length);
        assertEquals(FORM.parameters(model.config()), flat.length);
        assertEquals(adapter, FORM.unflatten(model.config(), flat));
    }

    @Test
    void calls_withEqualInput_giveEqualBits() throws Exception {
        List<int[]> rows = rows(9, 10);
        AdaptedModel some = adapted();
        float[][] features = some.features(rows, Pooling.MEAN, 200);
        List<float[]> states = some.states(rows.get(0));
        List<Callable<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            calls.add(() -> Arrays.deepEquals(features, adapted().features(rows, Pooling.MEAN, 200))
                    && Arrays.equals(
                            states.get(3), adapted().states(rows.get(0)).get(3)));
        }
        for (Callable<Boolean> call : calls) {
            assertTrue(call.call());
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (Future<Boolean> equal : threads.invokeAll(calls)) {
                assertTrue(equal.get(), "in other threads");
            }
        } finally {
            threads.shutdown();
        }
    }
}
