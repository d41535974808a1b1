package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Features through a cache: the same rows, each computed once. */
class CachedFeaturesTest extends FeatureExtractorContract {
    private static final AdapterForm FORM = new AdapterForm(List.of("q_proj", "up_proj"), 2, 2);

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    private static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static HiddenStateExtractor.Builder builder() {
        return HiddenStateExtractor.builder(model).template(TinyModel.TEMPLATE).tokenBudget(150);
    }

    private static FeatureCache memory() {
        return FeatureCache.inMemory(1 << 20);
    }

    @Override
    FeatureExtractor extractor() {
        return builder().adapter(FORM).cache(memory()).build();
    }

    @Override
    RoundContext round() {
        return round(TinyModel.adapter(model.config(), FORM, 1));
    }

    private static RoundContext round(Adapter adapter) {
        return new RoundContext("run", 1, Optional.empty(), 0, adapter, Map.of());
    }

    /** Hands on to another cache, and holds the keys that were asked for and those that were computed. */
    private static final class Spy implements FeatureCache {
        final FeatureCache inner = memory();
        final List<String> asked = new ArrayList<>();
        final List<String> computed = new ArrayList<>();

        @Override
        public float[] row(String key, int columns, Supplier<float[]> compute) {
            asked.add(key);
            return inner.row(key, columns, () -> {
                computed.add(key);
                return compute.get();
            });
        }

        @Override
        public Statistics statistics() {
            return inner.statistics();
        }
    }

    /** Where a row is cached, its tokens are most of the work. */
    @Test
    void extract_overAndOver_encodesNoSampleTwiceWhereFeaturesAreFixed() {
        AtomicInteger prompts = new AtomicInteger();
        PromptTemplate counting = sample -> {
            prompts.incrementAndGet();
            return TinyModel.TEMPLATE.prompt(sample);
        };
        List<Instruction> list = instructions(11);
        FeatureExtractor fixed = builder()
                .template(counting)
                .cache(memory())
                .pooling(Pooling.PARTS)
                .build();
        FeatureMatrix first = fixed.extract(list, round());
        int once = prompts.get();
        assertEquals(first, fixed.extract(list, round()));
        assertEquals(once, prompts.get());
        List<Instruction> other = new ArrayList<>(list.subList(0, 4));
        other.set(2, new Instruction("other", "", "text"));
        assertArrayEquals(
                builder()
                        .cache(memory())
                        .pooling(Pooling.PARTS)
                        .build()
                        .extract(other, round())
                        .toArray(),
                fixed.extract(other, round()).toArray());
        FeatureExtractor tuned =
                builder().template(counting).adapter(FORM).cache(memory()).build();
        tuned.extract(list, round());
        int before = prompts.get();
        tuned.extract(list, round());
        assertTrue(prompts.get() > before, "nothing is held where rows change in every round");
    }

    @Test
    void extract_overAndOver_computesNoRowTwice() {
        Spy spy = new Spy();
        FeatureExtractor extractor = builder().cache(spy).build();
        List<Instruction> list = new ArrayList<>(instructions(11));
        list.addAll(list.subList(0, 4)); // duplicates within one call
        FeatureMatrix first = extractor.extract(list, RoundContext.first());
        assertEquals(11, spy.asked.size());
        assertEquals(11, spy.computed.size());
        for (int i = 0; i < 4; i++) {
            assertArrayEquals(first.row(i), first.row(11 + i));
        }
        assertEquals(first, extractor.extract(list, round())); // another round's adapter does not matter
        assertEquals(0, extractor.extract(List.of(), round()).rows());
        FeatureMatrix part = builder().cache(spy).build().extract(list.subList(3, 9), round());
        assertArrayEquals(first.row(3), part.row(0));
        assertEquals(11, spy.computed.size());
        assertEquals(new FeatureCache.Statistics(11 + 6, 11, 0, 0), spy.statistics());
        extractor.extract(List.of(new Instruction("new", "", "x"), list.get(0)), round());
        assertEquals(12, spy.computed.size());
    }

    /** A row's bits must not tell what was there and what was not. */
    @Test
    void extract_anyCacheInAnyState_givesEqualBits(@TempDir Path rows) {
        List<Instruction> list = instructions(11);
        FeatureMatrix whole = builder().cache(memory()).build().extract(list, round());
        assertEquals(whole, builder().cache(FeatureCache.inMemory(1)).build().extract(list, round())); // keeps nothing
        FeatureCache partly = memory();
        FeatureExtractor extractor = builder().tokenBudget(10_000).cache(partly).build();
        extractor.extract(List.of(list.get(9), list.get(2), list.get(4)), round());
        assertEquals(whole, extractor.extract(list, round()));
        assertEquals(new FeatureCache.Statistics(3, 11, 0, 0), partly.statistics());
        for (int i = 0; i < 2; i++) { // the second one finds them
            FeatureCache disk = FeatureCache.inFolder(rows);
            assertEquals(whole, builder().cache(disk).build().extract(list, round()));
            assertEquals(11 * i, disk.statistics().hits());
        }
        FeatureMatrix batched = builder().build().extract(list, round());
        assertArrayEquals(batched.toArray(), whole.toArray(), 2e-5f); // float32; largest difference seen 6e-7
    }

    /** Rows are kept unscaled, so that no scaling gets the rows of another, and all share the computed ones. */
    @Test
    void extract_withOneCacheAndSeveralLayerScalings_computesEachRowOnce() {
        List<Instruction> list = instructions(11);
        FeatureCache cache = memory();
        FeatureMatrix unit = builder()
                .cache(cache)
                .layerScaling(LayerScaling.UNIT_LENGTH)
                .build()
                .extract(list, round());
        FeatureMatrix raw = builder().cache(cache).build().extract(list, round());
        assertEquals(new FeatureCache.Statistics(11, 11, 0, 0), cache.statistics());
        assertEquals(builder().cache(memory()).build().extract(list, round()), raw);
        assertNotEquals(raw, unit);
        assertEquals(
                unit,
                builder()
                        .cache(cache)
                        .layerScaling(LayerScaling.UNIT_LENGTH)
                        .build()
                        .extract(list, round()));
    }

    private static String key(HiddenStateExtractor.Builder builder, RoundContext round, Instruction instruction) {
        Spy spy = new Spy();
        builder.cache(spy).build().extract(List.of(instruction), round);
        return spy.asked.get(0);
    }

    @Test
    void keys_ofWhateverChangesARow_differ(@TempDir Path others) {
        Instruction sample = new Instruction("add", "a b", "ab");
        RoundContext round = round(TinyModel.adapter(model.config(), FORM, 1));
        String plain = key(builder(), round, sample);
        assertEquals(plain, key(builder(), round, sample));
        assertEquals(plain, key(builder().maxTokens(40).tokenBudget(1), RoundContext.first(), sample));
        assertEquals(plain, key(builder().template(s -> "Q:add I:a b A:"), round, new Instruction("x", "", "ab")));

        Set<String> keys = new HashSet<>(Set.of(plain));
        int distinct = 1;
        keys.add(key(builder(), round, sample.withInput("a c")));
        keys.add(key(builder().maxTokens(8), round, sample)); // cut
        keys.add(key(builder().template(s -> "?" + s.instruction()), round, sample));
        keys.add(key(builder().pooling(Pooling.MEAN), round, sample));
        keys.add(key(builder().pooling(Pooling.MEAN_WITHOUT_FIRST), round, sample));
        keys.add(key(builder().pooling(Pooling.POSITION_WEIGHTED_MEAN), round, sample));
        keys.add(key(builder().pooling(Pooling.PARTS), round, sample));
        keys.add(key(
                builder().pooling(Pooling.PARTS).template(s -> "Q:add I:" + s.input() + " A:"),
                round,
                sample)); // same ids
        keys.add(key(builder().adapter(FORM), round, sample));
        keys.add(key(builder().adapter(FORM), round(TinyModel.adapter(model.config(), FORM, 2)), sample));
        keys.add(key(builder().adapter(new AdapterForm(List.of("q_proj", "up_proj"), 2, 1)), round, sample));
        distinct += 11;

        JsonObject config = TinyModel.config();
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel threads = LanguageModel.load(folder, options.withThreads(model.threads() + 1))) {
            assertEquals(model.digest(), threads.digest());
            keys.add(key(HiddenStateExtractor.builder(threads).template(TinyModel.TEMPLATE), round, sample));
            distinct++;
        }
        Map<String, Tensor> weights = TinyModel.weights(config, 1);
        float[] norm = Objects.requireNonNull(weights.get("model.norm.weight")).toArray();
        norm[15] = Math.nextUp(norm[15]);
        weights.put("model.norm.weight", new Tensor(new int[] {16}, norm));
        try (LanguageModel other = TinyModel.load(TinyModel.write(others, config, weights))) {
            keys.add(key(HiddenStateExtractor.builder(other).template(TinyModel.TEMPLATE), round, sample));
            distinct++;
        }
        config.addProperty("rope_theta", 10001.0);
        try (LanguageModel other = TinyModel.load(TinyModel.write(others, config, TinyModel.weights(config, 1)))) {
            keys.add(key(HiddenStateExtractor.builder(other).template(TinyModel.TEMPLATE), round, sample));
            distinct++;
        }
        assertEquals(distinct, keys.size());
    }

    @Test
    void digest_ofEqualFolders_isEqualAndOfAClosedModelAnError(@TempDir Path again) {
        LanguageModel same = TinyModel.load(TinyModel.write(again));
        assertEquals(model.digest(), same.digest());
        assertEquals(64, model.digest().length());
        same.close();
        LanguageModel closed = TinyModel.load(again);
        closed.close();
        assertFails(IllegalStateException.class, closed::digest, "closed");
        assertNotEquals("", same.digest()); // known before it was closed
    }

    @Test
    void extract_cacheThatGivesAWrongLength_isNamed() {
        FeatureCache wrong = new FeatureCache() {
            @Override
            public float[] row(String key, int columns, Supplier<float[]> compute) {
                return new float[columns - 1];
            }

            @Override
            public Statistics statistics() {
                return Statistics.NONE;
            }
        };
        FeatureExtractor extractor = builder().cache(wrong).build();
        assertFails(
                FedHdsException.class,
                () -> extractor.extract(instructions(1), round()),
                "a row of 47 numbers, this model's have 48");
    }
}
