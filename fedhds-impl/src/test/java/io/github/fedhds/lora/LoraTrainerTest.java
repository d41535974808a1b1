package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTrainerTest extends LocalTrainerContract {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final LoraConfig LORA = LoraConfig.defaults().withRank(2).withAlpha(4);
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static LoraTrainer.Builder builder() {
        return LoraTrainer.builder(model)
                .lora(LORA)
                .template(TinyModel.TEMPLATE)
                .learningRate(1e-2);
    }

    @Override
    LocalTrainer trainer() {
        return builder().build();
    }

    @Override
    Adapter start() {
        return LoraTrainer.firstAdapter(model, LORA, 1);
    }

    @Test
    void firstAdapter_hasUniformAAndZeroB() {
        Adapter first = start();
        assertEquals(28, first.tensors().size());
        List<Float> shares = new ArrayList<>();
        first.tensors().forEach((name, tensor) -> {
            for (float value : tensor.toArray()) {
                if (name.endsWith("lora_B")) {
                    assertEquals(0, value);
                } else {
                    double bound = 1 / Math.sqrt(tensor.shape()[1]);
                    assertTrue(Math.abs(value) <= bound);
                    shares.add((float) (value / bound));
                }
            }
        });
        // 480 uniform numbers in -1..1: mean 0 +- 0.026, mean square 1/3 +- 0.0136; the seed is fixed.
        double mean = shares.stream().mapToDouble(x -> x).average().orElseThrow();
        double square = shares.stream().mapToDouble(x -> x * x).average().orElseThrow();
        assertEquals(0, mean, 5 * 0.026);
        assertEquals(1.0 / 3, square, 5 * 0.0136);
        assertEquals(first, start());
        assertNotEquals(first, LoraTrainer.firstAdapter(model, LORA, 2));
    }

    @Test
    void train_tenTimes_givesEqualBits() {
        LoraTrainer trainer = builder().epochs(2).lora(LORA.withDropout(0.2)).build();
        TrainingResult first = trainer.train(SAMPLES, round(1, start()));
        for (int i = 0; i < 9; i++) {
            assertEquals(first, trainer.train(SAMPLES, round(1, start())));
        }
    }

    @Test
    void train_fourClientsAtOnce_equalsOneAfterTheOther() throws Exception {
        LoraTrainer trainer = builder().epochs(4).lora(LORA.withDropout(0.2)).build();
        List<Callable<TrainingResult>> clients = new ArrayList<>();
        List<TrainingResult> oneByOne = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            RoundContext round = new RoundContext("run", 1, Optional.of(new ClientId("c" + i)), 3, start(), Map.of());
            clients.add(() -> trainer.train(SAMPLES, round));
            oneByOne.add(clients.get(i).call());
        }
        assertEquals(4, new HashSet<>(oneByOne).size(), "each client has its own order and masks");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int repeat = 0; repeat < 3; repeat++) {
                List<Future<TrainingResult>> together = threads.invokeAll(clients);
                for (int i = 0; i < 4; i++) {
                    assertEquals(oneByOne.get(i), together.get(i).get(), "client " + i);
                }
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void train_repeatedSample_isLearned() {
        TrainingResult result = builder().epochs(40).build().train(SAMPLES.subList(0, 1), round(1, start()));
        double[] losses = result.losses();
        assertEquals(40, losses.length);
        assertTrue(losses[39] < losses[0] / 2, () -> Arrays.toString(losses));
    }

    @Test
    void train_someProducts_changesThoseOnly() {
        LoraConfig some = LORA.withTargetModules(List.of("v_proj", "q_proj"));
        Adapter first = LoraTrainer.firstAdapter(model, some, 1);
        assertEquals(8, first.tensors().size());
        TrainingResult result = builder().lora(some).build().train(SAMPLES, round(1, first));
        assertEquals(first.tensors().keySet(), result.adapter().tensors().keySet());
        first.tensors().forEach((name, tensor) -> {
            assertTrue(name.contains("q_proj") || name.contains("v_proj"), name);
            assertNotEquals(tensor, result.adapter().tensors().get(name), name);
        });
        assertFails(
                VALUE, () -> builder().lora(some).build().train(SAMPLES, round(1, start())), "belongs to no adapted");
        assertFails(
                VALUE,
                () -> builder().lora(LORA.withTargetModules(List.of("c_attn"))).build(),
                "target module c_attn is not in every layer");
    }

    /** Notes each step's learning rate and changes nothing. */
    private record Notes(List<Double> rates) implements Optimizer {
        @Override
        public void step(float[] parameters, float[] gradient, double learningRate) {
            rates.add(learningRate);
        }
    }

    @Test
    void train_epochsAndBatches_countTheSteps() {
        for (int epochs : new int[] {1, 3}) {
            for (int size : new int[] {1, 2, 3, 4, 9}) {
                Notes notes = new Notes(new ArrayList<>());
                TrainingResult result = builder()
                        .epochs(epochs)
                        .batchSize(size)
                        .optimizer(n -> notes)
                        .build()
                        .train(SAMPLES, round(1, start()));
                int steps = epochs * ((4 + size - 1) / size);
                assertEquals(steps, notes.rates().size());
                assertEquals(steps, result.losses().length);
                assertEquals(4, result.samples());
                assertEquals(start(), result.adapter());
            }
        }
    }

    @Test
    void train_laterRounds_learnSlower() {
        for (int round : new int[] {1, 2, 5}) {
            Notes notes = new Notes(new ArrayList<>());
            builder().learningRateDecay(0.5).optimizer(n -> notes).build().train(SAMPLES, round(round, start()));
            notes.rates().forEach(rate -> assertEquals(1e-2 * Math.pow(0.5, round - 1), rate, 1e-15));
        }
    }

    @Test
    void train_order_isTheRoundsOwn() {
        List<double[]> seen = new ArrayList<>();
        for (int round = 1; round <= 6; round++) {
            seen.add(builder()
                    .lora(LORA.withDropout(0))
                    .optimizer(n -> (values, gradient, rate) -> {})
                    .build()
                    .train(SAMPLES, round(round, start()))
                    .losses());
        }
        double[] sorted = sorted(seen.get(0));
        seen.forEach(losses -> assertArrayEquals(sorted, sorted(losses), 1e-6, "the same samples"));
        assertTrue(seen.stream().map(Arrays::toString).distinct().count() > 1, "in another order");
    }

    private static double[] sorted(double[] values) {
        double[] copy = values.clone();
        Arrays.sort(copy);
        return copy;
    }

    private static Adapter filled(Adapter form, float a, float b) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        form.tensors().forEach((name, tensor) -> {
            float[] values = new float[tensor.size()];
            Arrays.fill(values, name.endsWith("lora_A") ? a : b);
            tensors.put(name, new Tensor(tensor.shape(), values));
        });
        return new Adapter(tensors);
    }

    @Test
    void train_lossThatOverflows_isCountedAndChangesNothing() {
        Adapter huge = filled(start(), 1e30f, 1e30f);
        Notes notes = new Notes(new ArrayList<>());
        TrainingResult result =
                builder().epochs(2).optimizer(n -> notes).build().train(SAMPLES, round(1, huge));
        assertEquals(8, result.skippedNonFinite());
        assertEquals(0, result.samples(), "no step, so no sample was trained on, and no update is sent");
        assertEquals(0, result.losses().length);
        assertTrue(Double.isNaN(result.meanLoss()));
        assertEquals(huge, result.adapter());
        assertEquals(List.of(), notes.rates());
    }

    /** With B zero the loss is the base model's, and B's slope is A x times the scale: too large for float. */
    @Test
    void train_gradientThatOverflows_isCountedAndChangesNothing() {
        LoraConfig wide = LORA.withAlpha(1e12).withDropout(0);
        Adapter steep = filled(start(), 1e30f, 0);
        TrainingResult result = builder().lora(wide).build().train(SAMPLES, round(1, steep));
        assertEquals(4, result.skippedNonFinite());
        assertEquals(steep, result.adapter());
        assertEquals(0, result.losses().length);
    }

    @Test
    void train_optimizerThatWritesNaN_isSeenInTheNextSteps() {
        TrainingResult result = builder()
                .optimizer(n -> (values, gradient, rate) -> values[0] = Float.NaN)
                .build()
                .train(SAMPLES, round(1, start()));
        assertEquals(1, result.losses().length);
        assertEquals(3, result.skippedNonFinite());
        assertTrue(result.adapter().firstNonFinite().isPresent());
    }

    @Test
    void train_samplesThatDoNotFit_areCounted() {
        Instruction tooLong = new Instruction("add", "", "a".repeat(60));
        Instruction cut = new Instruction("add", "b".repeat(100), "a");
        TrainingResult result = trainer().train(List.of(tooLong, SAMPLES.get(0), cut, tooLong, cut), round(1, start()));
        assertEquals(3, result.samples());
        assertEquals(2, result.skippedTooLong());
        assertEquals(2, result.cutPrompts());
        assertEquals(3, result.losses().length);
        TrainingResult none = trainer().train(List.of(tooLong), round(1, start()));
        assertEquals(0, none.samples());
        assertEquals(1, none.skippedTooLong());
        assertEquals(start(), none.adapter());
        assertTrue(Double.isNaN(none.meanLoss()));
    }

    @Test
    void train_adapterOfAnotherForm_isRefused() {
        assertFails(VALUE, () -> trainer().train(SAMPLES, RoundContext.first()), "lora_A of shape [2, 16] is missing");
        Adapter other = LoraTrainer.firstAdapter(model, LORA.withRank(3), 1);
        assertFails(VALUE, () -> trainer().train(SAMPLES, round(1, other)), "[3, 16]", "at rank 2");
    }

    @Test
    void settings_areChecked() {
        LoraTrainer.Builder builder = LoraTrainer.builder(model);
        for (double rate : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(
                    VALUE, () -> builder.learningRate(rate), "learningRate must be finite and above 0, was " + rate);
        }
        for (double factor : new double[] {0, -1, 1.01, Double.NaN}) {
            assertFails(VALUE, () -> builder.learningRateDecay(factor), "learningRateDecay", "was " + factor);
        }
        assertFails(VALUE, () -> builder.epochs(0), "epochs must be 1 or more, was 0");
        assertFails(VALUE, () -> builder.batchSize(0), "batchSize must be 1 or more, was 0");
        assertFails(VALUE, () -> builder.maxTokens(1), "maxTokens must be 2 or more, was 1");
        builder.learningRate(Double.MIN_VALUE)
                .learningRateDecay(1)
                .epochs(1)
                .batchSize(1)
                .maxTokens(2)
                .build();
    }

    /** The default settings are the paper's: rank 8 on all seven products, alpha 16, one epoch, batch 1, 3e-4. */
    @Test
    void defaults_areThePapers() {
        Notes notes = new Notes(new ArrayList<>());
        LoraTrainer.Builder builder =
                LoraTrainer.builder(model).template(TinyModel.TEMPLATE).optimizer(n -> notes);
        Adapter first = LoraTrainer.firstAdapter(model, LoraConfig.defaults(), 1);
        TrainingResult result = builder.build().train(SAMPLES, round(3, first));
        assertEquals(List.of(3e-4, 3e-4, 3e-4, 3e-4), notes.rates());
        assertEquals(first, result.adapter());
        AdapterForm form = new AdapterForm(LoraConfig.defaults().targetModules(), 8, 2);
        assertEquals(form.parameters(model.config()), first.parameters());
    }
}
