package io.github.fedhds.transformer;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold for every family, on random models; the golden tests compare the families with transformers. */
class FamilyTest {
    /** Float32 sums in another order. */
    private static final float TOLERANCE = 2e-5f;

    private static final String SCALED = "{'model_type': 'llama', 'attention_bias': true, 'rope_scaling': {'rope_type':"
            + " 'llama3', 'factor': 8, 'low_freq_factor': 1, 'high_freq_factor': 4,"
            + " 'original_max_position_embeddings': 16}}";
    private static final String MISTRAL = "{'model_type': 'mistral', 'sliding_window': 5}";
    private static final String QWEN2 = "{'model_type': 'qwen2', 'tie_word_embeddings': true}";
    private static final String QWEN3 = "{'model_type': 'qwen3', 'head_dim': 6, 'attention_bias': true}";

    private static final String GPT2 =
            "{'model_type': 'gpt2', 'n_embd': 16, 'n_head': 4, 'n_layer': 2, 'n_inner': 24," + " 'n_positions': 64}";

    @TempDir
    Path folder;

    /** A model of a configuration that is changed so. */
    private LanguageModel model(String changes) throws IOException {
        write(changes);
        return TinyModel.load(folder);
    }

    private void write(String changes) throws IOException {
        JsonObject json = TinyModel.config();
        JsonParser.parseString(changes).getAsJsonObject().asMap().forEach(json::add);
        TinyModel.write(folder, json, Map.of());
        SplittableRandom random = new SplittableRandom(3);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        DecoderWeights.shapes(DecoderConfig.read(folder)).forEach((name, shape) -> {
            float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
            double mean = name.endsWith("norm.weight") ? 1 : 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + 0.3 * random.nextGaussian());
            }
            weights.put(name, new Tensor(shape, values));
        });
        TinyModel.write(folder, json, weights);
    }

    private static List<int[]> rows() {
        SplittableRandom random = new SplittableRandom(4);
        List<int[]> rows = new ArrayList<>();
        for (int length : new int[] {1, 4, 5, 6, 11, 30}) {
            rows.add(TinyModel.ids(random, length));
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void rows_inAPaddedBatch_areAsAlone(String changes) throws IOException {
        try (LanguageModel model = model(changes)) {
            AdaptedModel base = model.base();
            float[][] together = base.features(rows(), Pooling.MEAN, 1 << 20);
            for (int i = 0; i < together.length; i++) {
                float[] alone = base.features(List.of(rows().get(i)), Pooling.MEAN, 1)[0];
                assertArrayEquals(alone, together[i], TOLERANCE, "row " + i);
            }
        }
    }

    /** The key-value cache changes nothing: each token is the likeliest after the whole text so far. */
    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void generate_withItsCache_isTheLikeliestOfTheWholeText(String changes) throws IOException {
        try (LanguageModel model = model(changes)) {
            AdaptedModel base = model.base();
            List<int[]> made = base.generate(rows(), 12, 1 << 20);
            for (int i = 0; i < made.size(); i++) {
                int[] text = rows().get(i);
                for (int next : made.get(i)) {
                    List<float[]> states = base.states(text);
                    float[] logits = states.get(states.size() - 1);
                    int last = logits.length - TinyModel.VOCABULARY;
                    for (int id = 0; id < TinyModel.VOCABULARY; id++) {
                        assertTrue(logits[last + id] <= logits[last + next] + TOLERANCE, "row " + i + ", id " + id);
                    }
                    text = Arrays.copyOf(text, text.length + 1);
                    text[text.length - 1] = next;
                }
            }
        }
    }

    /**
     * Prompts of random lengths after random prefixes, among them a row that has one token more than the prefix, and equal
     * rows. Above 128 tokens attention has another form.
     */
    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void generate_afterASharedPrefix_givesTheIdsOfOneByOne(String changes) throws IOException {
        JsonObject json = JsonParser.parseString(changes).getAsJsonObject();
        json.addProperty(changes.equals(GPT2) ? "n_positions" : "max_position_embeddings", 256);
        AdapterForm form = new AdapterForm(List.of("all-linear"), 3, 2);
        SplittableRandom random = new SplittableRandom(9);
        try (LanguageModel model = model(json.toString())) {
            AdaptedModel adapted = model.with(form, TinyModel.adapter(model.config(), form, 5));
            for (int shared : new int[] {15, 16, 17 + random.nextInt(60), 140}) {
                int[] prefix = TinyModel.ids(random, shared);
                List<int[]> prompts = new ArrayList<>();
                for (int rest : new int[] {1, 1 + random.nextInt(40), 1 + random.nextInt(40), 40}) {
                    int[] prompt = Arrays.copyOf(prefix, shared + rest);
                    System.arraycopy(TinyModel.ids(random, rest), 0, prompt, shared, rest);
                    prompts.add(prompt);
                }
                assertOneByOne(adapted, prompts);
                assertOneByOne(adapted, List.of(prompts.get(2), prompts.get(2), prompts.get(2)));
            }
        }
    }

    private static void assertOneByOne(AdaptedModel adapted, List<int[]> prompts) {
        List<int[]> expected = adapted.generate(prompts, 12, 1);
        List<int[]> actual = adapted.generate(prompts, 12, 1 << 20);
        for (int i = 0; i < prompts.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "text " + i + " of " + prompts.get(i).length);
        }
    }

    /** In float32 a difference quotient over 0.02 is good to about 3e-5 and its curvature's share. */
    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void gradient_ofEveryWeight_agreesWithDifferenceQuotients(String changes) throws IOException {
        List<EncodedSample> batch =
                List.of(new EncodedSample(rows().get(4), 2, false), new EncodedSample(rows().get(3), 3, false));
        try (LanguageModel model = model(changes)) {
            WeightsGradient graph = model.weightsGradient(Precision.FLOAT32);
            float[] weights = graph.initial();
            float[] gradient = new float[graph.size()];
            graph.compute(batch, weights, gradient);
            float[] unused = new float[graph.size()];
            int at = 0;
            for (Map.Entry<String, Tensor> entry : graph.tensors(weights).entrySet()) {
                int steepest = at;
                for (int i = at; i < at + entry.getValue().size(); i++) {
                    steepest = Math.abs(gradient[i]) > Math.abs(gradient[steepest]) ? i : steepest;
                }
                float[] moved = weights.clone();
                moved[steepest] = weights[steepest] + 0.01f;
                double up = graph.compute(batch, moved, unused);
                moved[steepest] = weights[steepest] - 0.01f;
                double quotient = (up - graph.compute(batch, moved, unused)) / 0.02;
                assertEquals(quotient, gradient[steepest], 1e-3 + 0.02 * Math.abs(quotient), entry.getKey());
                // Attention does not change when all keys move by one vector, unless they are turned by their places.
                assertTrue(gradient[steepest] != 0, entry.getKey() + " has its say");
                at += entry.getValue().size();
            }
            float rounded = model.weightsGradient(Precision.BFLOAT16).compute(batch, weights, gradient);
            assertEquals(graph.compute(batch, weights, gradient), rounded, 0.05 * rounded);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void features_ofSomeStates_areTheirPartsOfAll(String changes) throws IOException {
        try (LanguageModel model = model(changes)) {
            int width = model.config().hiddenSize();
            for (Pooling pooling : List.of(Pooling.LAST_TOKEN, Pooling.MEAN)) {
                float[][] all = model.base().features(rows(), pooling, 40);
                for (int[] states : new int[][] {{0}, {1}, {2}, {0, 2}, {0, 1}}) {
                    float[][] some = model.base().features(rows(), pooling, 40, states);
                    for (int i = 0; i < all.length; i++) {
                        for (int s = 0; s < states.length; s++) {
                            assertArrayEquals(
                                    Arrays.copyOfRange(all[i], states[s] * width, (states[s] + 1) * width),
                                    Arrays.copyOfRange(some[i], s * width, (s + 1) * width),
                                    TOLERANCE);
                        }
                    }
                }
            }
            for (int[] wrong : new int[][] {{}, {-1}, {3}, {1, 1}, {2, 0}}) {
                assertFails(
                        IllegalArgumentException.class,
                        () -> model.base().features(rows(), Pooling.MEAN, 40, wrong),
                        "states are ascending numbers from 0 (the embeddings) to the model's 2 layers, was "
                                + Arrays.toString(wrong));
            }
        }
    }

    /** Numbers of 8 bits are right to 0.4 %; in these layers of 16 random numbers up to 2.7 % was seen of it. */
    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN2, QWEN3, GPT2})
    void bfloat16_isNearFloat32(String changes) throws IOException {
        write(changes);
        AdapterForm form = new AdapterForm(List.of("all-linear"), 3, 2);
        List<EncodedSample> batch =
                List.of(new EncodedSample(rows().get(4), 2, false), new EncodedSample(rows().get(5), 3, false));
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel exact = LanguageModel.load(folder, options);
                LanguageModel rounded = LanguageModel.load(folder, options.withPrecision(Precision.BFLOAT16))) {
            var adapter = TinyModel.adapter(exact.config(), form, 5);
            for (Pooling pooling : List.of(Pooling.LAST_TOKEN, Pooling.MEAN)) {
                float[][] wanted = exact.with(form, adapter).features(rows(), pooling, 40);
                float[][] got = rounded.with(form, adapter).features(rows(), pooling, 40);
                for (int i = 0; i < wanted.length; i++) {
                    assertTrue(distance(wanted[i], got[i]) < 0.04, "row " + i + ": " + distance(wanted[i], got[i]));
                    assertFalse(Arrays.equals(wanted[i], got[i]));
                }
            }
            float[] flat = form.flatten(exact.config(), adapter);
            float[] slope = new float[flat.length];
            float[] near = new float[flat.length];
            float[] checkpointed = new float[flat.length];
            float loss = exact.loraGradient(form, 0).compute(batch, flat, 1, slope);
            float nearLoss = rounded.loraGradient(form, 0).compute(batch, flat, 1, near);
            assertEquals(loss, nearLoss, 0.02 * loss);
            assertTrue(distance(slope, near) < 0.05, "gradient: " + distance(slope, near));
            assertEquals(nearLoss, rounded.loraGradient(form, 0, true).compute(batch, flat, 1, checkpointed));
            assertArrayEquals(near, checkpointed);
            assertEquals(6, rounded.base().generate(rows(), 5, 1 << 20).size());
            assertFalse(exact.digest().equals(rounded.digest()));
            assertFails(
                    IllegalStateException.class,
                    () -> rounded.weightsGradient(Precision.FLOAT32).initial(),
                    "BFLOAT16",
                    "FLOAT32");
        }
    }

    /** Attention has another form in long texts. */
    @ParameterizedTest
    @ValueSource(strings = {"{'max_position_embeddings': 1024}", MISTRAL})
    void bfloat16_longTexts_areNearFloat32(String changes) throws IOException {
        JsonObject json = JsonParser.parseString(changes).getAsJsonObject();
        json.addProperty("max_position_embeddings", 1024);
        write(json.toString());
        List<int[]> rows =
                List.of(TinyModel.ids(new SplittableRandom(8), 512), TinyModel.ids(new SplittableRandom(8), 513));
        ModelOptions options = ModelOptions.defaults().onDevice("cpu");
        try (LanguageModel exact = LanguageModel.load(folder, options);
                LanguageModel rounded = LanguageModel.load(folder, options.withPrecision(Precision.BFLOAT16))) {
            float[][] wanted = exact.base().features(rows, Pooling.MEAN, 1);
            float[][] got = rounded.base().features(rows, Pooling.MEAN, 1);
            for (int i = 0; i < wanted.length; i++) {
                assertTrue(distance(wanted[i], got[i]) < 0.02, "row " + i + ": " + distance(wanted[i], got[i]));
            }
        }
    }

    /** Norm of the difference by the norm. */
    private static double distance(float[] wanted, float[] got) {
        double off = 0;
        double norm = 0;
        for (int i = 0; i < wanted.length; i++) {
            off += Math.pow(wanted[i] - got[i], 2);
            norm += Math.pow(wanted[i], 2);
        }
        return Math.sqrt(off / norm);
    }

    /** Two layers that see 5 tokens each reach 8 tokens back, and no further; long texts have another form of attention. */
    @ParameterizedTest
    @ValueSource(ints = {30, 200})
    void window_bindsWhatATokenSees(int length) throws IOException {
        try (LanguageModel model =
                model("{'model_type': 'mistral', 'sliding_window': 5, 'max_position_embeddings': 256}")) {
            int[] ids = TinyModel.ids(new SplittableRandom(6), length);
            float[] before = model.base().features(List.of(ids), Pooling.LAST_TOKEN, 1)[0];
            int[] far = ids.clone();
            far[ids.length - 10] ^= 1;
            assertArrayEquals(before, model.base().features(List.of(far), Pooling.LAST_TOKEN, 1)[0]);
            int[] near = ids.clone();
            near[ids.length - 9] ^= 1;
            assertFalse(Arrays.equals(before, model.base().features(List.of(near), Pooling.LAST_TOKEN, 1)[0]));
        }
    }

    /** Attention has another form in texts of more than 128 tokens; the first 128 must not notice. */
    @ParameterizedTest
    @ValueSource(strings = {SCALED, MISTRAL, QWEN3})
    void longTexts_beginAsShortOnes(String changes) throws IOException {
        JsonObject json = JsonParser.parseString(changes).getAsJsonObject();
        json.addProperty("max_position_embeddings", 256);
        try (LanguageModel model = model(json.toString())) {
            int[] ids = TinyModel.ids(new SplittableRandom(6), 140);
            List<float[]> longer = model.base().states(ids);
            List<float[]> shorter = model.base().states(Arrays.copyOf(ids, 128));
            for (int state = 0; state < shorter.size(); state++) {
                float[] begin = Arrays.copyOf(longer.get(state), shorter.get(state).length);
                assertArrayEquals(shorter.get(state), begin, TOLERANCE, "state " + state);
            }
        }
    }

    /** A text within the window is read as without one, by the other branch of the decoder's text. */
    @Test
    void window_ofTheTextsLength_changesNothing() throws IOException {
        float[][] wide = new float[3][];
        int[] ids = rows().get(4);
        String[] windows = {"null", "11", "10"};
        for (int i = 0; i < windows.length; i++) {
            try (LanguageModel model = model("{'model_type': 'mistral', 'sliding_window': " + windows[i] + "}")) {
                wide[i] = model.base().features(List.of(ids), Pooling.LAST_TOKEN, 1)[0];
            }
        }
        assertArrayEquals(wide[0], wide[1], TOLERANCE);
        assertFalse(Arrays.equals(wide[1], wide[2]));
    }

    /** Weights that a family has and another lacks are never passed over in silence. */
    @Test
    void load_underAnotherFamilysName_isRefused() throws IOException {
        Map<String, String> others = Map.of(QWEN2, "llama", QWEN3, "qwen2", MISTRAL, "qwen3");
        for (Map.Entry<String, String> other : others.entrySet()) {
            model(other.getKey()).close();
            Path file = folder.resolve("config.json");
            JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            json.addProperty("model_type", other.getValue());
            json.addProperty("head_dim", 4);
            json.remove("attention_bias");
            json.remove("sliding_window");
            Files.writeString(file, new Gson().toJson(json));
            assertFails(FedHdsException.class, () -> TinyModel.load(folder), "model.safetensors");
        }
    }
}
