package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.TokenSpan;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LoraGradient;
import io.github.fedhds.transformer.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraGradientTest {
    private static final List<String> ALL = LoraConfig.defaults().targetModules();
    private static LanguageModel model;

    @BeforeAll
    static void load(@TempDir Path folder) {
        model = TinyModel.load(TinyModel.write(folder));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<EncodedSample> samples(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return List.of(
                new EncodedSample(TinyModel.ids(random, 12), 7, false),
                new EncodedSample(TinyModel.ids(random, 5), 1, false),
                new EncodedSample(TinyModel.ids(random, 9), 4, false));
    }

    /** In float32 a difference quotient over 0.02 is good to about 3e-5 and its curvature's share; 2e-4 was seen. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void gradient_agreesWithDifferenceQuotients(double dropout) {
        for (List<String> modules : List.of(ALL, List.of("q_proj", "v_proj"))) {
            AdapterForm form = new AdapterForm(modules, 3, 1.5);
            LoraGradient graph = model.loraGradient(form, dropout);
            float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
            float[] gradient = new float[flat.length];
            graph.compute(samples(3), flat, 11, gradient);
            float[] unused = new float[flat.length];
            for (int place : places(form, gradient)) {
                float[] moved = flat.clone();
                moved[place] = flat[place] + 0.01f;
                double up = graph.compute(samples(3), moved, 11, unused);
                moved[place] = flat[place] - 0.01f;
                double down = graph.compute(samples(3), moved, 11, unused);
                double quotient = (up - down) / 0.02;
                assertEquals(quotient, gradient[place], 5e-4 + 0.01 * Math.abs(quotient), "coordinate " + place);
            }
        }
    }

    /** The steepest coordinate of each tensor, and one anywhere in it. */
    private static List<Integer> places(AdapterForm form, float[] gradient) {
        List<Integer> places = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(4);
        int at = 0;
        for (int[] shape : form.shapes(model.config()).values()) {
            int size = shape[0] * shape[1];
            int steepest = at;
            for (int i = at; i < at + size; i++) {
                steepest = Math.abs(gradient[i]) > Math.abs(gradient[steepest]) ? i : steepest;
            }
            assertTrue(Math.abs(gradient[steepest]) > 1e-3, "every tensor has its say");
            places.add(steepest);
            places.add(at + random.nextInt(size));
            at += size;
        }
        return places;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void gradientCheckpointing_givesEqualBits(double dropout) {
        AdapterForm form = new AdapterForm(List.of("q_proj", "o_proj", "up_proj", "down_proj"), 3, 1.5);
        float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
        float[] kept = new float[flat.length];
        float[] checkpointed = new float[flat.length];
        float loss = model.loraGradient(form, dropout).compute(samples(3), flat, 5, kept);
        assertEquals(loss, model.loraGradient(form, dropout, true).compute(samples(3), flat, 5, checkpointed));
        assertArrayEquals(kept, checkpointed);
    }

    @Test
    void dropout_equalSeeds_giveEqualBits_othersOthers() {
        AdapterForm form = new AdapterForm(ALL, 3, 1.5);
        LoraGradient graph = model.loraGradient(form, 0.2);
        float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
        float[] first = new float[flat.length];
        float loss = graph.compute(samples(3), flat, 5, first);
        List<float[]> others = new ArrayList<>();
        for (long seed : new long[] {5, 6, -5, 0, Long.MIN_VALUE, 5 + (1L << 40)}) {
            float[] gradient = new float[flat.length];
            float again = graph.compute(samples(3), flat, seed, gradient);
            if (seed == 5) {
                assertEquals(loss, again);
                assertArrayEquals(first, gradient);
            } else {
                assertFalse(Arrays.equals(first, gradient), "seed " + seed);
                assertTrue(others.stream().noneMatch(other -> Arrays.equals(other, gradient)), "seed " + seed);
                others.add(gradient);
            }
        }
    }

    @Test
    void dropout_none_goesByNoSeed() {
        AdapterForm form = new AdapterForm(ALL, 3, 1.5);
        float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
        float[] one = new float[flat.length];
        float[] other = new float[flat.length];
        LoraGradient graph = model.loraGradient(form, 0);
        assertEquals(graph.compute(samples(3), flat, 1, one), graph.compute(samples(3), flat, 2, other));
        assertArrayEquals(one, other);
    }

    /**
     * A as the unit matrix and B zero let each element of a mask be seen: column j of B's gradient is zero just where
     * element j is dropped, and divided by 1 - p where it is kept. Of two tokens only the first bears the loss. Seeds are
     * fixed; for others the shares would leave five deviations once in 1.7 million.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.3, 0.9})
    void dropout_keepsItsShareAndScalesWhatItKeeps(double dropout) {
        AdapterForm form = new AdapterForm(List.of("v_proj", "o_proj", "gate_proj", "down_proj"), 24, 1);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        form.shapes(model.config()).forEach((name, shape) -> {
            float[] values = new float[shape[0] * shape[1]];
            for (int i = 0; name.endsWith("lora_A") && i < shape[1]; i++) {
                values[i * shape[1] + i] = 1;
            }
            tensors.put(name, new Tensor(shape, values));
        });
        float[] flat = form.flatten(model.config(), new Adapter(tensors));
        EncodedSample sample = new EncodedSample(new int[] {1, 7}, 1, false);
        float[] gradient = new float[flat.length];
        float plainLoss = model.loraGradient(form, 0).compute(List.of(sample), flat, 0, gradient);
        Adapter whole = form.unflatten(model.config(), gradient);
        LoraGradient graph = model.loraGradient(form, dropout);
        long kept = 0;
        long all = 0;
        long alike = 0;
        int seeds = 300;
        boolean[] before = new boolean[0];
        for (int seed = 0; seed < seeds; seed++) {
            assertEquals(plainLoss, graph.compute(List.of(sample), flat, seed, gradient), "B is zero");
            boolean[] mask = mask(whole, form.unflatten(model.config(), gradient), 1 / (1 - dropout));
            for (int i = 0; i < mask.length; i++) {
                kept += mask[i] ? 1 : 0;
                alike += seed > 0 && mask[i] == before[i] ? 1 : 0;
            }
            all += mask.length;
            before = mask;
        }
        double share = 1 - dropout;
        double deviation = Math.sqrt(dropout * share / all);
        assertEquals(share, (double) kept / all, 5 * deviation, "share of kept elements");
        double same = share * share + dropout * dropout;
        double pairs = (double) all * (seeds - 1) / seeds;
        // Neighbouring pairs share a mask: at most twice the variance of independent ones.
        assertEquals(same, alike / pairs, 5 * Math.sqrt(2 * same * (1 - same) / pairs), "masks of neighbouring seeds");
    }

    private static boolean[] mask(Adapter whole, Adapter masked, double scale) {
        List<Boolean> mask = new ArrayList<>();
        whole.tensors().forEach((name, tensor) -> {
            if (name.endsWith("lora_B")) {
                Tensor other = Objects.requireNonNull(masked.tensors().get(name));
                int out = tensor.shape()[0];
                int in = name.contains("down_proj") ? 24 : 16;
                for (int column = 0; column < in; column++) {
                    int row = 0; // the one in which the column is largest
                    for (int r = 1; r < out; r++) {
                        boolean larger =
                                Math.abs(tensor.get(r * 24 + column)) > Math.abs(tensor.get(row * 24 + column));
                        row = larger ? r : row;
                    }
                    float plain = tensor.get(row * 24 + column);
                    float seen = other.get(row * 24 + column);
                    boolean isKept = seen != 0;
                    assertEquals(isKept ? plain * scale : 0, seen, 1e-6 + 1e-4 * Math.abs(plain * scale), name);
                    mask.add(isKept);
                }
            }
        });
        boolean[] array = new boolean[mask.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = mask.get(i);
        }
        return array;
    }

    /** The scale multiplies B A: twice the scale is twice B. */
    @Test
    void scale_multipliesTheLowRankPart() {
        List<String> modules = List.of("q_proj", "up_proj");
        int[] ids = TinyModel.ids(new SplittableRandom(1), 10);
        AdapterForm one = new AdapterForm(modules, 4, new LoraConfig(4, 8, 0, modules, false).scale());
        AdapterForm root = new AdapterForm(modules, 4, new LoraConfig(4, 8, 0, modules, true).scale());
        assertEquals(2, one.scale());
        assertEquals(4, root.scale());
        Adapter adapter = TinyModel.adapter(model.config(), one, 3);
        Map<String, Tensor> doubled = new LinkedHashMap<>();
        adapter.tensors().forEach((name, tensor) -> {
            float[] values = tensor.toArray();
            for (int i = 0; name.endsWith("lora_B") && i < values.length; i++) {
                values[i] *= 2;
            }
            doubled.put(name, new Tensor(tensor.shape(), values));
        });
        assertArrayEquals(
                model.with(root, adapter).states(ids).get(3),
                model.with(one, new Adapter(doubled)).states(ids).get(3),
                1e-5f);
    }

    @Test
    void compute_lossThatOverflows_leavesTheGradientAlone() {
        AdapterForm form = new AdapterForm(ALL, 2, 2);
        float[] flat = new float[form.parameters(model.config())];
        Arrays.fill(flat, 1e30f);
        float[] gradient = new float[flat.length];
        Arrays.fill(gradient, 7);
        float loss = model.loraGradient(form, 0.1).compute(samples(1), flat, 1, gradient);
        assertFalse(Float.isFinite(loss));
        assertEquals(7, gradient[0]);
        assertEquals(7, gradient[gradient.length - 1]);
    }

    @Test
    void compute_batch_isTheMeanOverItsTokens() {
        AdapterForm form = new AdapterForm(ALL, 2, 2);
        float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
        LoraGradient graph = model.loraGradient(form, 0);
        float[] together = new float[flat.length];
        double loss = graph.compute(samples(5), flat, 0, together);
        double[] sum = new double[flat.length + 1];
        int tokens = 0;
        for (EncodedSample sample : samples(5)) {
            float[] gradient = new float[flat.length];
            sum[flat.length] += sample.answerLength() * (double) graph.compute(List.of(sample), flat, 0, gradient);
            for (int i = 0; i < flat.length; i++) {
                sum[i] += sample.answerLength() * (double) gradient[i];
            }
            tokens += sample.answerLength();
        }
        assertEquals(sum[flat.length] / tokens, loss, 1e-5);
        for (int i = 0; i < flat.length; i++) {
            assertEquals(sum[i] / tokens, together[i], 1e-5, "coordinate " + i);
        }
    }

    /** With causal attention the earlier answer's loss is that of the sample which ends after it. */
    @Test
    void compute_earlierAnswers_countAsTheLastOne() {
        AdapterForm form = new AdapterForm(ALL, 2, 2);
        float[] flat = form.flatten(model.config(), TinyModel.adapter(model.config(), form, 2));
        int[] ids = TinyModel.ids(new SplittableRandom(4), 14);
        List<EncodedSample> parts =
                List.of(new EncodedSample(Arrays.copyOf(ids, 6), 3, false), new EncodedSample(ids, 9, false));
        EncodedSample talk = new EncodedSample(ids, 9, false, List.of(new TokenSpan(3, 6)));
        assertArrayEquals(new int[] {3, 4, 5, 9, 10, 11, 12, 13}, talk.trainedPlaces());
        LoraGradient graph = model.loraGradient(form, 0);
        float[] together = new float[flat.length];
        float[] apart = new float[flat.length];
        double loss = graph.compute(parts, flat, 0, apart);
        assertEquals(loss, graph.compute(List.of(talk), flat, 0, together), 1e-5);
        assertArrayEquals(apart, together, 1e-5f);
    }
}
