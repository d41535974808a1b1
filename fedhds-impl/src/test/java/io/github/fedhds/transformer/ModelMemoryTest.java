package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import io.github.fedhds.lora.Adam;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Native and Java memory over many calls, and what a closed model does. */
class ModelMemoryTest {
    private static final Class<IllegalStateException> STATE = IllegalStateException.class;
    private static final AdapterForm FORM =
            new AdapterForm(List.of("q_proj", "v_proj", "gate_proj", "down_proj"), 4, 2);

    @TempDir
    Path folder;

    /** 1,024 positions, so that what one call leaves behind would weigh megabytes. */
    @BeforeEach
    void write() {
        JsonObject config = TinyModel.config();
        config.addProperty("max_position_embeddings", 1024);
        TinyModel.write(folder, config, TinyModel.weights(config, 1));
    }

    private static NDManager manager(LanguageModel model) {
        try (NDManager scope = model.base().decoder().scope()) {
            return Objects.requireNonNull(scope.getParentManager());
        }
    }

    /** Runs a call 20 times to warm up, then 200 times, and compares memory before and after. */
    private static void assertFlat(LanguageModel model, Runnable call) throws IOException {
        for (int i = 0; i < 20; i++) {
            call.run();
        }
        int arrays = NativeCount.of(manager(model));
        long heap = heap();
        long resident = resident();
        for (int i = 0; i < 200; i++) {
            call.run();
        }
        assertEquals(arrays, NativeCount.of(manager(model)), "arrays, modules and managers");
        long heapGrowth = heap() - heap;
        assertTrue(heapGrowth < 2 << 20, "Java heap grew by " + heapGrowth + " bytes");
        // One step's activations are 2 MB and more: 400 MB, were they kept. The system's count wavers by up to 13 MB.
        long growth = resident() - resident;
        assertTrue(growth < 30 << 20, "resident memory grew by " + growth + " bytes");
    }

    private static long heap() {
        Runtime runtime = Runtime.getRuntime();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }

    /** Bytes outside of the Java heap and code that the system counts, after a collection; 0 where it does not tell. */
    private static long resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(status)) {
            long kilobytes = lines.filter(line -> line.startsWith("RssAnon"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
            return kilobytes * 1024 - Runtime.getRuntime().totalMemory();
        }
    }

    @Test
    void training_twoHundredSteps_leavesNothingBehind() throws IOException {
        try (LanguageModel model = TinyModel.load(folder)) {
            LoraGradient graph = model.loraGradient(FORM, 0.1);
            float[] flat = FORM.flatten(model.config(), TinyModel.adapter(model.config(), FORM, 1));
            float[] gradient = new float[flat.length];
            Adam adam = new Adam(flat.length);
            SplittableRandom random = new SplittableRandom(1);
            assertFlat(model, () -> {
                List<EncodedSample> batch = Stream.generate(() -> TinyModel.ids(random, 200))
                        .limit(4)
                        .map(ids -> new EncodedSample(ids, 150, false))
                        .toList();
                assertTrue(Float.isFinite(graph.compute(batch, flat, random.nextLong(), gradient)));
                adam.step(flat, gradient, 1e-3);
            });
        }
    }

    @Test
    void generation_twoHundredTexts_leavesNothingBehind() throws IOException {
        try (LanguageModel model = TinyModel.load(folder)) {
            AdaptedModel adapted = model.with(FORM, TinyModel.adapter(model.config(), FORM, 1));
            SplittableRandom random = new SplittableRandom(1);
            assertFlat(model, () -> {
                List<int[]> prompts = Stream.generate(() -> TinyModel.ids(random, 200))
                        .limit(4)
                        .toList();
                assertEquals(4, adapted.generate(prompts, 5, 1 << 20).size());
            });
        }
    }

    @Test
    void featuresAndLosses_twoHundredCalls_leaveNothingBehind() throws IOException {
        try (LanguageModel model = TinyModel.load(folder)) {
            SplittableRandom random = new SplittableRandom(1);
            assertFlat(model, () -> {
                List<int[]> rows = Stream.generate(() -> TinyModel.ids(random, 200))
                        .limit(4)
                        .toList();
                assertEquals(4, model.base().features(rows, Pooling.MEAN, 1 << 20).length);
                assertEquals(4, model.base().losses(rows, new int[] {9, 9, 9, 9}, 400).length);
            });
        }
    }

    @Test
    void calls_thatFail_leaveNothingBehind() {
        try (LanguageModel model = TinyModel.load(folder)) {
            LoraGradient graph = model.loraGradient(FORM, 0);
            float[] flat = new float[FORM.parameters(model.config())];
            EncodedSample good = new EncodedSample(new int[] {1, 5, 6}, 1, false);
            graph.compute(List.of(good), flat, 0, flat.clone());
            int arrays = NativeCount.of(manager(model));
            EncodedSample bad = new EncodedSample(new int[] {1, 60}, 1, false);
            Class<IllegalArgumentException> kind = IllegalArgumentException.class;
            assertFails(kind, () -> graph.compute(List.of(bad), flat, 0, flat.clone()), "token id 60");
            assertFails(kind, () -> graph.compute(List.of(), flat, 0, flat.clone()), "at least one sample");
            String rule = "there are " + flat.length + " parameters to train, was given ";
            assertFails(kind, () -> graph.compute(List.of(good), new float[3], 0, flat.clone()), rule + 3);
            assertFails(kind, () -> graph.compute(List.of(good), flat, 0, new float[3]), rule, "a gradient of 3");
            assertEquals(arrays, NativeCount.of(manager(model)));
        }
    }

    @Test
    void close_givesAllBack_andAgainDoesNothing() {
        LanguageModel model = TinyModel.load(folder);
        NDManager manager = manager(model);
        assertEquals(15, NativeCount.of(manager), "the weights");
        model.base().states(new int[] {1, 5});
        assertTrue(NativeCount.of(manager) > 15, "and a compiled module");
        model.close();
        assertEquals(0, NativeCount.of(manager));
        assertFalse(manager.isOpen());
        model.close();
        model.tokens().close();
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
        assertFails(STATE, () -> model.tokens().encode("ab"), "closed");
        assertFails(STATE, () -> model.tokens().encodePlain("ab"), "closed");
        assertFails(STATE, () -> model.tokens().decode(ids), "closed");
        assertEquals(16, model.config().width());
    }

    @Test
    void loadedModels_areIndependent() {
        LanguageModel first = TinyModel.load(folder);
        try (LanguageModel second = TinyModel.load(folder)) {
            first.close();
            assertEquals(4, second.base().states(new int[] {1, 5}).size());
            assertEquals(3, second.tokens().encode("ab").length);
        }
    }
}
