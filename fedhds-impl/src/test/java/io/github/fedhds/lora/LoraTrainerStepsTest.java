package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static io.github.fedhds.lora.LocalTrainerContract.SAMPLES;
import static io.github.fedhds.lora.LocalTrainerContract.round;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.Lists;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LoraGradient;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the trainer's steps are made up: how many, of which batches, at which rates, with which gradient. */
class LoraTrainerStepsTest {
    private static final Class<IllegalArgumentException> VALUE = IllegalArgumentException.class;
    private static final LoraConfig LORA =
            LoraConfig.defaults().withRank(2).withAlpha(4).withDropout(0);
    private static final AdapterForm FORM = new AdapterForm(LORA.targetModules(), 2, 2);

    @SuppressWarnings("NullAway.Init") // set before all tests
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

    private static RoundContext start() {
        return round(1, LoraTrainer.firstAdapter(model, LORA, 1));
    }

    private static TrainingResult train(LoraTrainer.Builder builder) {
        return builder.build().train(SAMPLES, start());
    }

    private static float[] flat(Adapter adapter) {
        return FORM.flatten(model.config(), adapter);
    }

    private static List<EncodedSample> encoded() {
        SampleEncoder encoder = model.sampleEncoder(TinyModel.TEMPLATE, 1024);
        return SAMPLES.stream().map(s -> encoder.forTraining(s).orElseThrow()).toList();
    }

    /** The trainer of before these options, written out; published figures rest on its bits. */
    @Test
    void train_optionsOff_isThePlainLoopBitForBit() {
        RoundContext round = start();
        LoraGradient graph = model.loraGradient(FORM, 0.3);
        float[] values = flat(round.globalAdapter());
        float[] gradient = new float[values.length];
        Adam adam = new Adam(values.length);
        List<Double> losses = new ArrayList<>();
        SplittableRandom order = round.random("sample order");
        SplittableRandom masks = round.random("dropout");
        for (int epoch = 0; epoch < 2; epoch++) {
            List<EncodedSample> shuffled = new ArrayList<>(encoded());
            for (int i = shuffled.size() - 1; i > 0; i--) {
                Collections.swap(shuffled, i, order.nextInt(i + 1));
            }
            for (List<EncodedSample> batch : Lists.partition(shuffled, 3)) {
                losses.add((double) graph.compute(batch, values, masks.nextLong(), gradient));
                adam.step(values, gradient, 1e-2);
            }
        }
        TrainingResult result =
                train(builder().lora(LORA.withDropout(0.3)).epochs(2).batchSize(3));
        assertArrayEquals(values, flat(result.adapter()));
        assertEquals(losses, Collections.unmodifiableList(boxed(result.losses())));
    }

    private static List<Double> boxed(double[] values) {
        List<Double> list = new ArrayList<>();
        for (double value : values) {
            list.add(value);
        }
        return list;
    }

    /** The largest differences seen are 4.8e-7 of a loss and 1.4e-7 of a value. */
    @Test
    void train_accumulatedOrCutByTokens_equalsOneBatch() {
        assertEquals(
                List.of(3, 4, 2, 3),
                encoded().stream().map(EncodedSample::answerLength).toList(),
                "of unlike length, so that a mean of means would differ");
        for (int samples : new int[] {2, 3, 4}) {
            LoraTrainer.Builder sgd =
                    builder().optimizer(Sgd::new).learningRate(0.5).epochs(3);
            TrainingResult whole = train(sgd.batchSize(samples));
            TrainingResult cut = train(sgd.tokenBudget(1));
            TrainingResult accumulated =
                    train(sgd.tokenBudget(Integer.MAX_VALUE).batchSize(1).gradientAccumulation(samples));
            assertTrue(distance(flat(start().globalAdapter()), flat(whole.adapter())) > 0.1, "something was learnt");
            for (TrainingResult parts : List.of(cut, accumulated)) {
                assertArrayEquals(whole.losses(), parts.losses(), 2e-6);
                assertArrayEquals(flat(whole.adapter()), flat(parts.adapter()), 2e-6f);
                assertEquals(whole.samples(), parts.samples());
            }
        }
    }

    private static double distance(float[] a, float[] b) {
        return Math.sqrt(IntStream.range(0, a.length)
                .mapToDouble(i -> Math.pow((double) a[i] - b[i], 2))
                .sum());
    }

    @Test
    void train_accumulation_countsSteps() {
        assertEquals(2 * 2, train(builder().epochs(2).gradientAccumulation(3)).losses().length);
        assertEquals(
                2,
                train(builder().epochs(2).batchSize(2).gradientAccumulation(2)).losses().length);
        assertEquals(1, train(builder().gradientAccumulation(Integer.MAX_VALUE)).losses().length);
    }

    @Test
    void train_fewSteps_adaptsWhatIsNotSet() {
        List<Double> rates = new ArrayList<>();
        LoraTrainer.Builder adapting = LoraTrainer.builder(model)
                .lora(LORA)
                .template(TinyModel.TEMPLATE)
                .fewSteps(true)
                .listener(step -> rates.add(step.learningRate()));
        assertEquals(4, train(adapting).losses().length, "one epoch");
        assertEquals(List.of(3e-4 * 2.5), rates.stream().distinct().toList(), "the largest rate");
        assertEquals(0, adapting.build().train(List.of(), start()).losses().length);
        rates.clear();
        assertEquals(100, train(adapting.maxSteps(100)).losses().length);
        assertEquals(List.of(3e-4 * Math.sqrt(3)), rates.stream().distinct().toList());
        rates.clear();
        assertEquals(400, train(adapting.maxSteps(400)).losses().length);
        assertEquals(List.of(3e-4), rates.stream().distinct().toList());
        rates.clear();
        assertEquals(4, train(adapting.epochs(1).learningRate(0.5)).losses().length);
        assertEquals(List.of(0.5), rates.stream().distinct().toList());
        assertNotEquals(
                LoraTrainer.withoutModel().settings(),
                LoraTrainer.withoutModel().fewSteps(true).settings());
    }

    @Test
    void train_maxSteps_endsAnywhere() {
        assertEquals(4, train(builder()).losses().length, "one epoch");
        for (int[] row : new int[][] {{1, 1}, {3, 3}, {4, 4}, {11, 4}}) {
            TrainingResult result = train(builder().maxSteps(row[0]));
            assertEquals(row[0], result.losses().length, "the samples are read again as needed");
            assertEquals(row[1], result.samples(), "different ones");
        }
        assertEquals(8, train(builder().maxSteps(11).epochs(2)).losses().length, "the smaller ends");
        assertEquals(7, train(builder().epochs(2).maxSteps(7)).losses().length, "the smaller ends");
        assertEquals(5, train(builder().epochs(Integer.MAX_VALUE).maxSteps(5)).losses().length);
        assertArrayEquals(
                train(builder().epochs(2)).losses(),
                train(builder().maxSteps(8)).losses(),
                "the same batches");
        assertEquals(
                0,
                builder().maxSteps(9).build().train(List.of(), start()).samples(),
                "without samples there is no step");
    }

    @Test
    void train_schedule_isOnTopOfTheDecay() {
        List<Double> rates = new ArrayList<>();
        LoraTrainer.Builder builder = builder()
                .epochs(2)
                .learningRateDecay(0.5)
                .optimizer(n -> (values, gradient, rate) -> rates.add(rate))
                .schedule(LearningRateSchedule.linear(2));
        builder.build().train(SAMPLES, round(3, start().globalAdapter()));
        double[] expected = {0, 0.5, 1, 5 / 6.0, 4 / 6.0, 3 / 6.0, 2 / 6.0, 1 / 6.0};
        for (int i = 0; i < 8; i++) {
            assertEquals(1e-2 / 4 * expected[i], rates.get(i), 1e-15, "step " + i);
        }
        assertEquals(8, rates.size());
        rates.clear();
        builder.schedule((step, steps, round) -> step + 10 * steps + 100 * round.round())
                .build()
                .train(SAMPLES, round(2, start().globalAdapter()));
        assertEquals(5e-3 * (7 + 80 + 200), rates.get(7), 1e-12);
    }

    @Test
    void train_scheduleThatGivesNoFactor_isRefusedByStep() {
        for (double bad : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
            LoraTrainer.Builder builder = builder().schedule((step, steps, round) -> step < 2 ? 1 : bad);
            assertFails(IllegalStateException.class, () -> train(builder), "factor " + bad + " for step 2 of 4");
        }
    }

    /** w2 = w1 - rate (g(w1) + mu (w1 - w0)), from the loss and the penalty's slope. */
    @Test
    void train_proximal_isTheGradientOfThePenalty() {
        double mu = 3;
        float rate = 0.1f;
        LoraGradient graph = model.loraGradient(FORM, 0);
        float[] first = flat(start().globalAdapter());
        float[] values = first.clone();
        float[] gradient = new float[first.length];
        for (int step = 0; step < 3; step++) {
            graph.compute(encoded(), values, 0, gradient);
            for (int i = 0; i < values.length; i++) {
                values[i] -= rate * (gradient[i] + (float) mu * (values[i] - first[i]));
            }
        }
        LoraTrainer.Builder builder =
                builder().optimizer(Sgd::new).learningRate(rate).epochs(3).batchSize(4);
        float[] free = flat(train(builder).adapter());
        float[] held = flat(train(builder.proximal(mu)).adapter());
        assertArrayEquals(values, held, 1e-6f);
        assertTrue(distance(held, first) < 0.9 * distance(free, first), "it holds");
        assertArrayEquals(free, flat(train(builder.proximal(0)).adapter()));
    }

    @Test
    void train_clipping_boundsWhatTheOptimizerGets() {
        List<Double> lengths = new ArrayList<>();
        List<TrainingStep> steps = new ArrayList<>();
        LoraTrainer.Builder builder = builder()
                .optimizer(n -> (values, gradient, rate) -> lengths.add(distance(gradient, new float[n])))
                .listener(steps::add);
        train(builder);
        List<Double> free = List.copyOf(lengths);
        double median = free.stream().sorted().toList().get(2);
        lengths.clear();
        train(builder.maxGradientNorm(median));
        for (int i = 0; i < 4; i++) {
            assertEquals(Math.min(free.get(i), median), lengths.get(i), 1e-5 * median);
            assertEquals(free.get(i), steps.get(4 + i).gradientNorm(), 1e-5 * median, "told before clipping");
        }
    }

    @Test
    void train_groupedByLength_readsEverySampleAndLearns() {
        LoraTrainer.Builder builder = builder().batchSize(2).groupByLength(true).epochs(30);
        TrainingResult result = train(builder);
        assertEquals(60, result.losses().length);
        assertEquals(4, result.samples());
        assertTrue(result.losses()[58] + result.losses()[59] < result.losses()[0] + result.losses()[1]);
        assertEquals(result, train(builder), "equal bits");
        assertNotEquals(result, train(builder.groupByLength(false)));
    }

    @Test
    void listener_isToldOfEveryStep() {
        List<TrainingStep> steps = new ArrayList<>();
        TrainingResult result = train(builder()
                .epochs(2)
                .gradientAccumulation(3)
                .schedule(LearningRateSchedule.linear(0))
                .listener(steps::add));
        int tokens = encoded().stream().mapToInt(s -> s.ids().length).sum();
        assertEquals(4, steps.size());
        for (int i = 0; i < 4; i++) {
            TrainingStep step = steps.get(i);
            assertEquals(start(), step.round());
            assertEquals(i + 1, step.step());
            assertEquals(4, step.steps());
            assertEquals(result.losses()[i], step.loss());
            assertEquals(1e-2 * (4 - i) / 4, step.learningRate(), 1e-12);
            assertEquals(i % 2 == 0 ? 3 : 1, step.samples());
            assertTrue(step.taken() && step.gradientNorm() > 0);
        }
        assertEquals(tokens, steps.get(0).tokens() + steps.get(1).tokens());
        assertEquals(tokens, steps.get(2).tokens() + steps.get(3).tokens());
    }

    @Test
    void listener_isToldOfSkippedSteps() {
        List<TrainingStep> steps = new ArrayList<>();
        TrainingResult result = train(builder()
                .optimizer(n -> (values, gradient, rate) -> values[0] = Float.NaN)
                .gradientAccumulation(2)
                .maxGradientNorm(1)
                .proximal(1)
                .epochs(2)
                .listener(steps::add));
        assertEquals(1, result.losses().length);
        assertEquals(3, result.skippedNonFinite());
        assertEquals(
                List.of(true, false, false, false),
                steps.stream().map(TrainingStep::taken).toList());
        assertTrue(Double.isNaN(steps.get(3).loss()));
    }

    @Test
    void listener_thatThrows_endsTheTraining() {
        List<Integer> told = new ArrayList<>();
        LoraTrainer trainer = builder()
                .listener(step -> {
                    told.add(step.step());
                    if (told.size() == 2) {
                        throw new UnsupportedOperationException("enough");
                    }
                })
                .build();
        assertFails(UnsupportedOperationException.class, () -> trainer.train(SAMPLES, start()), "enough");
        assertEquals(List.of(1, 2), told);
        assertEquals(train(builder()), trainer.train(SAMPLES, start()), "nothing of it is left");
    }

    @Test
    void train_interrupted_endsBetweenStepsAndKeepsTheFlag() {
        LoraTrainer.Builder builder = builder().maxSteps(1000).listener(step -> {
            if (step.step() == 3) {
                Thread.currentThread().interrupt();
            }
        });
        FedHdsException failure = assertThrows(FedHdsException.class, () -> train(builder));
        assertTrue(Thread.interrupted(), "the interrupt flag is kept");
        assertEquals(
                "training in round 1 of client c1 was interrupted after 3 of 1000 steps; nothing of it is kept",
                failure.getMessage());
        assertInstanceOf(InterruptedException.class, failure.getCause());
        assertFalse(Thread.currentThread().isInterrupted());
        assertEquals(3, train(builder.maxSteps(3)).losses().length, "after the last step there is nothing to end");
        assertTrue(Thread.interrupted());
    }

    @Test
    void settings_areChecked() {
        LoraTrainer.Builder builder = builder();
        assertFails(VALUE, () -> builder.maxSteps(0), "maxSteps must be 1 or more, was 0");
        assertFails(VALUE, () -> builder.gradientAccumulation(0), "gradientAccumulation must be 1 or more, was 0");
        assertFails(VALUE, () -> builder.tokenBudget(0), "tokenBudget must be 1 or more, was 0");
        for (double mu : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(VALUE, () -> builder.proximal(mu), "proximal must be finite and 0 or more, was " + mu);
        }
        for (double norm : new double[] {0, -1, Double.NaN}) {
            assertFails(VALUE, () -> builder.maxGradientNorm(norm), "maxGradientNorm must be above 0, was " + norm);
        }
    }
}
