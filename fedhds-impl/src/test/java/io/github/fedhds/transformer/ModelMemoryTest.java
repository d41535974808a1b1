package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.MemoryGrowth.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Native and Java memory over many calls, and what a closed model does. */
class ModelMemoryTest {
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;
    private static final AdapterForm FORM = MemoryGrowth.FORM;

    /** Bytes in 200 calls, 3.5 kB a call. Seen were up to 3 kB of heap and 300 kB of resident memory. */
    private static final long BOUND = 700_000;

    @TempDir
    Path folder;

    /** Ten of sixty tokens end a text, so that rows leave their batch early. */
    @BeforeEach
    void write() {
        JsonObject config = TinyModel.config();
        JsonArray ends = new JsonArray();
        IntStream.range(TinyModel.END, TinyModel.END + 10).forEach(ends::add);
        config.add("eos_token_id", ends);
        TinyModel.write(folder, config, TinyModel.weights(config, 1));
    }

    /**
     * Training steps, generations and readings, 200 each, and as many with leaks of 12 kB a call: the bound is
     * narrow enough to see these.
     */
    @Test
    void twoHundredCalls_leaveNothingBehind() {
        MemoryGrowth.of(folder).forEach((kind, growth) -> {
            System.out.printf(
                    "%s, growth over 200 calls: %d open arrays, %d kB of Java heap, %d kB of resident native memory%n",
                    kind, growth.arrays(), growth.heap() / 1000, growth.resident() / 1000);
            String of = " in " + kind + ": " + growth;
            if (kind == Kind.GENERATION_WITH_LEAKS) {
                assertEquals(200, growth.arrays(), "open arrays, modules and managers" + of);
                assertTrue(growth.heap() > BOUND, "the leak of Java heap is not seen" + of);
                boolean told = Files.isReadable(MemoryGrowth.ROLLUP);
                assertTrue(!told || growth.resident() > BOUND, "the leak of native memory is not seen" + of);
            } else {
                assertEquals(0, growth.arrays(), "open arrays, modules and managers grew" + of);
                assertTrue(growth.heap() < BOUND, "the Java heap grew" + of);
                assertTrue(growth.resident() < BOUND, "resident native memory grew" + of);
            }
        });
    }

    @Test
    void calls_thatFail_leaveNothingBehind() {
        try (LanguageModel model = TinyModel.load(folder)) {
            LoraGradient graph = model.loraGradient(FORM, 0);
            float[] flat = new float[FORM.parameters(model.config())];
            EncodedSample good = new EncodedSample(new int[] {1, 5, 6}, 1, false);
            graph.compute(List.of(good), flat, 0, flat.clone());
            int arrays = NativeCount.of(MemoryGrowth.manager(model));
            EncodedSample bad = new EncodedSample(new int[] {1, 60}, 1, false);
            Class<IllegalArgumentException> kind = IllegalArgumentException.class;
            assertFails(kind, () -> graph.compute(List.of(bad), flat, 0, flat.clone()), "token id 60");
            assertFails(kind, () -> graph.compute(List.of(), flat, 0, flat.clone()), "at least one sample");
            String rule = "there are " + flat.length + " parameters to train, was given ";
            assertFails(kind, () -> graph.compute(List.of(good), new float[3], 0, flat.clone()), rule + 3);
            assertFails(kind, () -> graph.compute(List.of(good), flat, 0, new float[3]), rule, "a gradient of 3");
            assertEquals(arrays, NativeCount.of(MemoryGrowth.manager(model)));
        }
    }

    @Test
    void close_givesAllBack_andAgainDoesNothing() {
        LanguageModel model = TinyModel.load(folder);
        NDManager manager = MemoryGrowth.manager(model);
        assertEquals(17, NativeCount.of(manager), "the weights");
        model.base().states(new int[] {1, 5});
        assertTrue(NativeCount.of(manager) > 17, "and a compiled module");
        model.close();
        assertEquals(0, NativeCount.of(manager));
        assertFalse(manager.isOpen());
        model.close();
        model.tokenizer().close();
    }

    @Test
    void calls_onAClosedModel_sayThatItIsClosed() {
        LanguageModel model = TinyModel.load(folder);
        AdaptedModel base = model.base();
        AdaptedModel adapted = model.with(FORM, TinyModel.adapter(model.config(), FORM, 1));
        LoraGradient graph = model.loraGradient(FORM, 0.1);
        WeightsGradient weights = model.weightsGradient(Precision.FLOAT32);
        float[] all = weights.initial();
        float[] flat = new float[FORM.parameters(model.config())];
        int[] ids = {1, 5, 6};
        List<EncodedSample> batch = List.of(new EncodedSample(ids, 1, false));
        base.states(ids);
        graph.compute(batch, flat, 0, flat.clone());
        model.close();
        for (Executable call : List.<Executable>of(
                () -> base.states(ids),
                () -> base.features(List.of(ids), Pooling.MEAN, 9),
                () -> base.losses(List.of(ids), new int[] {1}, 9),
                () -> adapted.generate(List.of(ids), 3, 9),
                () -> graph.compute(batch, flat, 0, flat),
                () -> weights.compute(batch, all, all.clone()),
                weights::initial)) {
            assertFails(STATE, call, "this model was closed");
        }
        assertFails(STATE, () -> model.tokenizer().encode("ab"), "closed");
        assertFails(STATE, () -> model.tokenizer().encodePlain("ab"), "closed");
        assertFails(STATE, () -> model.tokenizer().decode(ids), "closed");
        assertEquals(16, model.config().hiddenSize());
    }

    @Test
    void loadedModels_areIndependent() {
        LanguageModel first = TinyModel.load(folder);
        try (LanguageModel second = TinyModel.load(folder)) {
            first.close();
            assertEquals(4, second.base().states(new int[] {1, 5}).size());
            assertEquals(3, second.tokenizer().encode("ab").length);
        }
    }
}
