package io.github.fedhds.transformer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Agreement with transformers 4.53 in float32, on every model and prompt of golden/llm that this library supports. */
@Tag("golden")
public class LanguageModelGoldenTest {
    /** The files' own tolerance; the largest difference seen is 2e-5, on logits. */
    private static final float TOLERANCE = 1e-4f;

    static Stream<String> models() throws IOException {
        try (Stream<Path> files = Files.list(SharedFolders.golden().resolve("llm"))) {
            return files
                    .map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".json"))
                    .map(f -> f.substring(0, f.length() - 5))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /** Loads a checkpoint of the shared folder. */
    public static LanguageModel load(String name) {
        return LanguageModel.load(
                SharedFolders.models().resolve(name), ModelOptions.defaults().onDevice("cpu"));
    }

    @ParameterizedTest
    @MethodSource("models")
    void model_everyPrompt_agreesWithTransformers(String name) throws IOException {
        JsonObject golden = JsonParser.parseString(
                        Files.readString(SharedFolders.golden().resolve("llm/" + name + ".json")))
                .getAsJsonObject();
        try (LanguageModel model = load(name);
                SafetensorsFile arrays =
                        SafetensorsFile.open(SharedFolders.golden().resolve("llm/" + name + ".safetensors"))) {
            AdaptedModel base = model.base();
            JsonArray cases = golden.getAsJsonArray("cases");
            List<int[]> rows = new ArrayList<>();
            for (int k = 0; k < cases.size(); k++) {
                JsonObject one = cases.get(k).getAsJsonObject();
                String where = name + " prompt " + k;
                int[] ids = ints(one.get("ids"));
                rows.add(ids);
                assertArrayEquals(
                        ids, model.tokenizer().encode(one.get("prompt").getAsString()), where);
                assertEquals(one.get("decoded").getAsString(), model.tokenizer().decode(ids), where);
                List<float[]> states = base.states(ids);
                assertArrayEquals(
                        arrays.readFloats(k + ".logits"), states.get(states.size() - 1), TOLERANCE, where + " logits");
                assertArrayEquals(
                        arrays.readFloats(k + ".hidden_last_token"),
                        base.features(List.of(ids), Pooling.LAST_TOKEN, 1)[0],
                        TOLERANCE,
                        where + " last token");
                assertArrayEquals(
                        arrays.readFloats(k + ".hidden_mean_token"),
                        base.features(List.of(ids), Pooling.MEAN, 1)[0],
                        TOLERANCE,
                        where + " mean over tokens");
                if (!one.get("loss").isJsonNull()) {
                    double[] loss = base.losses(
                            List.of(ids), new int[] {one.get("masked_prefix").getAsInt()}, 1);
                    assertEquals(one.get("loss").getAsDouble(), loss[0], TOLERANCE, where + " loss");
                }
                int[] greedy = base.generate(List.of(ids), 24, 1).get(0);
                int[] wanted = untilEnd(ints(one.get("greedy_ids")), model.config());
                assertArrayEquals(wanted, greedy, where + " greedy");
                assertEquals(
                        one.get("greedy_text").getAsString(), model.tokenizer().decode(greedy), where + " greedy text");
            }
            float[][] single = new float[rows.size()][];
            for (int k = 0; k < rows.size(); k++) {
                single[k] = base.features(List.of(rows.get(k)), Pooling.LAST_TOKEN, 1)[0];
            }
            float[][] batch = base.features(rows, Pooling.LAST_TOKEN, 1 << 20);
            List<int[]> together = base.generate(rows, 24, 1 << 20);
            for (int k = 0; k < rows.size(); k++) {
                assertArrayEquals(single[k], batch[k], 2e-5f, name + " prompt " + k + " in a padded batch");
                int[] wanted = untilEnd(ints(cases.get(k).getAsJsonObject().get("greedy_ids")), model.config());
                assertArrayEquals(wanted, together.get(k), name + " prompt " + k + " greedy in a batch");
            }
            if (golden.has("story")) {
                int[] story = base.generate(List.of(new int[] {1}), 200, 1).get(0);
                assertEquals(
                        golden.get("story").getAsString(), model.tokenizer().decode(story));
            }
        }
    }

    private static int[] ints(JsonElement array) {
        return StreamSupport.stream(array.getAsJsonArray().spliterator(), false)
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }

    private static int[] untilEnd(int[] ids, DecoderConfig config) {
        for (int i = 0; i < ids.length; i++) {
            if (config.eosIds().contains(ids[i])) {
                return Arrays.copyOf(ids, i);
            }
        }
        return ids;
    }
}
