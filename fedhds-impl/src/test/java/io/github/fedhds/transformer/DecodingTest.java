package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generation by chance, and with rows that end one after the other. */
class DecodingTest {
    private static final int VOCABULARY = TinyModel.VOCABULARY;
    private static LanguageModel model;
    private static AdaptedModel base;

    /** Four of sixty tokens end a text, so that rows end at many places. */
    @BeforeAll
    static void load(@TempDir Path folder) {
        JsonObject config = TinyModel.config();
        JsonArray ends = new JsonArray();
        IntStream.of(TinyModel.END, 20, 30, 40).forEach(ends::add);
        config.add("eos_token_id", ends);
        model = TinyModel.load(TinyModel.write(folder, config, TinyModel.weights(config, 1)));
        base = model.base();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<int[]> prompts(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return Stream.generate(() -> TinyModel.ids(random, 1 + random.nextInt(30)))
                .limit(count)
                .toList();
    }

    private static void assertSame(List<int[]> expected, List<int[]> actual, String what) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), what + ", text " + i);
        }
    }

    /** Answers of up to 50 tokens, so that the key-value cache grows more than once. */
    @Test
    void generate_inParallel_givesTheSameAnswers() {
        List<int[]> prompts = prompts(20, 5);
        for (Sampling sampling : List.of(Sampling.greedy(), Sampling.seeded(7))) {
            List<int[]> expected = base.generate(prompts, 50, 60, sampling);
            for (int parallel : new int[] {3, 64}) {
                List<Integer> progress = new ArrayList<>();
                assertSame(
                        expected,
                        base.generate(prompts, 50, 60, sampling, parallel, progress::add),
                        parallel + " at a time");
                List<Integer> sorted = progress.stream().sorted().distinct().toList();
                assertEquals(sorted, progress, "the number of finished texts grows");
                assertEquals(20, progress.get(progress.size() - 1));
            }
        }
    }

    @Test
    void generate_inParallel_passesFailuresOn() {
        List<int[]> prompts = prompts(30, 6);
        IllegalStateException own = new IllegalStateException("own");
        RuntimeException thrown = assertThrows(
                RuntimeException.class,
                () -> base.generate(prompts, 5, 20, Sampling.greedy(), 3, done -> {
                    throw own;
                }));
        assertTrue(thrown == own || thrown.getCause() == own, thrown::toString);
        Thread.currentThread().interrupt();
        assertThrows(FedHdsException.class, () -> base.generate(prompts, 5, 20, Sampling.greedy(), 3, done -> {}));
        assertTrue(Thread.interrupted());
        assertThrows(
                IllegalArgumentException.class, () -> base.generate(prompts, 5, 20, Sampling.greedy(), 0, done -> {}));
    }

    private static double[] probabilities(int[] text) {
        List<float[]> states = base.states(text);
        float[] logits = states.get(states.size() - 1);
        double[] weights = IntStream.range((text.length - 1) * VOCABULARY, text.length * VOCABULARY)
                .mapToDouble(i -> Math.exp(logits[i]))
                .toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> w / sum).toArray();
    }

    /** The first tokens of 50 seeds with 100 texts each against the softmax of the logits that the whole model gives. */
    @Test
    void generate_firstTokens_areDistributedAsTheSoftmax() {
        int[] prompt = {1, 7, 30};
        int draws = 5000;
        int[] counts = new int[VOCABULARY];
        for (int seed = 0; seed < 50; seed++) {
            List<int[]> texts = Collections.nCopies(draws / 50, prompt);
            for (int[] made : base.generate(texts, 1, 1 << 20, Sampling.seeded(seed))) {
                counts[made.length == 0 ? TinyModel.END : made[0]]++;
            }
        }
        double[] expected = probabilities(prompt);
        List<Integer> ends = model.config().eosIds();
        double chi = 0;
        double rareExpected = 0;
        int rare = 0;
        int bins = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            double wanted = draws
                    * (i == TinyModel.END
                            ? ends.stream().mapToDouble(e -> expected[e]).sum()
                            : ends.contains(i) ? 0 : expected[i]);
            if (wanted < 5) {
                rareExpected += wanted;
                rare += counts[i];
            } else {
                bins++;
                chi += (counts[i] - wanted) * (counts[i] - wanted) / wanted;
            }
        }
        chi += (rare - rareExpected) * (rare - rareExpected) / Math.max(5, rareExpected);
        assertTrue(bins > 20, "tokens that are often enough, " + bins);
        // Five deviations of chi-square with as many degrees of freedom: other seeds pass it in all but 1 of 10,000.
        assertTrue(chi < bins + 5 * Math.sqrt(2.0 * bins), "chi-square " + chi + " of " + bins);
    }

    /** Every token, not just the first, is of the nucleus after the text so far. */
    @Test
    void generate_withTopP_neverLeavesTheNucleus() {
        List<int[]> prompts = prompts(20, 1);
        for (double topP : new double[] {0.2, 0.6}) {
            List<int[]> made = base.generate(prompts, 8, 100, Sampling.seeded(3).withTopP(topP));
            int tokens = 0;
            for (int i = 0; i < prompts.size(); i++) {
                int[] text = prompts.get(i);
                for (int id : made.get(i)) {
                    double[] p = probabilities(text);
                    double likelier = Arrays.stream(p).filter(q -> q > p[id]).sum();
                    // 1e-5 for the float32 logits of another batch.
                    assertTrue(likelier < topP + 1e-5, "token " + id + " of text " + i + " behind " + likelier);
                    text = Arrays.copyOf(text, text.length + 1);
                    text[text.length - 1] = id;
                    tokens++;
                }
            }
            assertTrue(tokens > 60, tokens + " tokens looked at");
        }
    }

    @Test
    void generate_equalSeeds_giveEqualTexts_whateverTheBudget() {
        List<int[]> prompts = prompts(24, 2);
        Sampling sampling = new Sampling(0.9, 0.95, 11);
        List<int[]> single = base.generate(prompts, 20, 1, sampling);
        for (int budget : new int[] {60, 200, 1 << 20}) {
            assertSame(single, base.generate(prompts, 20, budget, sampling), "budget " + budget);
        }
        assertNotEquals(
                single.stream().map(Arrays::toString).toList(),
                base.generate(prompts, 20, 1 << 20, new Sampling(0.9, 0.95, 12)).stream()
                        .map(Arrays::toString)
                        .toList());
    }

    /** A text's stream is of its place: the others may be what they will, and equal prompts differ. */
    @Test
    void generate_streams_areOfThePlace() {
        int[] prompt = {1, 9, 12};
        Sampling sampling = Sampling.seeded(5);
        List<int[]> alone = base.generate(Collections.nCopies(6, prompt), 15, 1, sampling);
        assertTrue(alone.stream().map(Arrays::toString).distinct().count() > 3);
        List<int[]> mixed = new ArrayList<>(prompts(6, 3));
        mixed.set(4, prompt);
        assertArrayEquals(
                alone.get(4), base.generate(mixed, 15, 1 << 20, sampling).get(4));
    }

    @Test
    void generate_temperatureOrTopPNearZero_isGreedy() {
        List<int[]> prompts = prompts(20, 4);
        List<int[]> greedy = base.generate(prompts, 12, 1);
        assertSame(greedy, base.generate(prompts, 12, 99, Sampling.greedy()), "greedy");
        assertSame(greedy, base.generate(prompts, 12, 99, Sampling.seeded(1).withTemperature(1e-9)), "temperature");
        assertSame(greedy, base.generate(prompts, 12, 99, Sampling.seeded(1).withTopP(1e-9)), "top-p");
    }

    /** Rows end one after the other and leave the batch at several times; the others go on as if alone. */
    @Test
    void generate_rowsThatEnd_leaveTheOthersAsTheyAre() {
        List<int[]> prompts = prompts(40, 5);
        Sampling sampling = Sampling.seeded(6);
        List<int[]> single = base.generate(prompts, 30, 1, sampling);
        long lengths = single.stream().mapToInt(a -> a.length).distinct().count();
        assertTrue(lengths > 10, "texts of " + lengths + " lengths");
        assertSame(single, base.generate(prompts, 30, 1 << 20, sampling), "in one batch");
    }

    /** Tokens 7, 20 and 50 have the greatest logit after any text; 59 has a smaller one. */
    @Test
    void generate_equalLogits_giveTheLowestId(@TempDir Path folder) {
        JsonObject config = TinyModel.config();
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        String name = "model.embed_tokens.weight";
        float[] embedding = Objects.requireNonNull(weights.get(name)).toArray();
        float[] norm = new float[16];
        for (int id = 0; id < VOCABULARY; id++) {
            embedding[id * 16] = 50; // far above what the layers add
        }
        norm[0] = 1; // the logits are the head's first column, times a positive number
        float[] head = new float[embedding.length];
        IntStream.of(7, 20, 50).forEach(id -> head[id * 16] = 1);
        head[59 * 16] = 0.5f;
        weights.put(name, new Tensor(new int[] {VOCABULARY, 16}, embedding));
        weights.put("model.norm.weight", new Tensor(new int[] {16}, norm));
        weights.put("lm_head.weight", new Tensor(new int[] {VOCABULARY, 16}, head));
        try (LanguageModel tied = TinyModel.load(TinyModel.write(folder, config, weights))) {
            List<int[]> prompts = prompts(9, 7);
            for (int budget : new int[] {1, 40, 1 << 20}) {
                for (int[] made : tied.base().generate(prompts, 4, budget)) {
                    assertArrayEquals(new int[] {7, 7, 7, 7}, made);
                }
            }
        }
    }

    /** The tokens that torch chooses are those of the whole model's logits, compared one by one. */
    @Test
    void generate_greedy_isTheFirstOfTheGreatestLogits() {
        List<int[]> prompts = prompts(20, 8);
        List<int[]> made = base.generate(prompts, 8, 100);
        int tokens = 0;
        for (int i = 0; i < prompts.size(); i++) {
            int[] text = prompts.get(i);
            for (int id : made.get(i)) {
                List<float[]> states = base.states(text);
                float[] logits = states.get(states.size() - 1);
                float[] last = Arrays.copyOfRange(logits, logits.length - VOCABULARY, logits.length);
                assertEquals(new TokenChoice(Sampling.greedy(), 1).next(0, last), id, "text " + i);
                text = Arrays.copyOf(text, text.length + 1);
                text[text.length - 1] = id;
                tokens++;
            }
        }
        assertTrue(tokens > 60, tokens + " tokens looked at");
    }

    /** A broken embedding of token 59 makes the logits of just those texts NaN that have it. */
    @Test
    void generate_logitsOfNaN_nameTheRow(@TempDir Path folder) {
        JsonObject config = TinyModel.config();
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        String name = "model.embed_tokens.weight";
        float[] embedding = Objects.requireNonNull(weights.get(name)).toArray();
        embedding[59 * 16] = Float.NaN;
        weights.put(name, new Tensor(new int[] {VOCABULARY, 16}, embedding));
        try (LanguageModel broken = TinyModel.load(TinyModel.write(folder, config, weights))) {
            List<int[]> prompts = List.of(new int[] {1, 5, 6, 7}, new int[] {1, 5}, new int[] {1, 59, 5});
            for (Sampling sampling : List.of(Sampling.greedy(), Sampling.seeded(1))) {
                for (int budget : new int[] {1, 99}) {
                    assertFails(
                            FedHdsException.class,
                            () -> broken.base().generate(prompts, 3, budget, sampling),
                            "row 2",
                            "token 0 is NaN");
                }
            }
        }
    }
}
