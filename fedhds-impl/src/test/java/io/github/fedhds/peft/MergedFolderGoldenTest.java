package io.github.fedhds.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainingGoldenTest;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LanguageModelGoldenTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A merged model says what base and adapter say, and what PEFT 0.21 says, on every model of golden/lora. */
@Tag("golden")
class MergedFolderGoldenTest {
    @TempDir
    Path folder;

    static Stream<String> models() throws IOException {
        return LoraTrainingGoldenTest.models();
    }

    private static int[] firstBatch(Path golden) throws IOException {
        JsonElement run = JsonParser.parseString(Files.readString(golden.resolve("run.json")));
        JsonElement first = run.getAsJsonObject().getAsJsonArray("batches").get(0);
        return new Gson().fromJson(first.getAsJsonObject().get("input_ids"), int[].class);
    }

    private static float[] logits(Path model, int[] ids) {
        try (LanguageModel merged =
                LanguageModel.load(model, ModelOptions.defaults().onDevice("cpu"))) {
            List<float[]> states = merged.base().states(ids);
            return states.get(states.size() - 1);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void write_everyModel_saysWhatBaseAndAdapterSay(String name) throws IOException {
        Path golden = SharedFolders.golden().resolve("lora").resolve(name);
        Path base = SharedFolders.models().resolve(name);
        int[] ids = firstBatch(golden);
        try (LanguageModel model = LanguageModelGoldenTest.load(name)) {
            for (String optimizer : List.of("adam", "adamw", "sgd")) {
                PeftFolder peft = PeftFolder.read(golden.resolve("after_" + optimizer));
                LoraConfig lora = peft.config();
                AdapterForm form = lora.form();
                List<float[]> states = model.with(form, peft.adapter()).states(ids);
                Path merged = folder.resolve(optimizer);
                MergedFolder.write(base, lora, peft.adapter(), merged, MergedFolder.Type.F32);
                float[] actual = logits(merged, ids);
                float[] wanted = states.get(states.size() - 1);
                float largest = 1;
                for (float logit : wanted) {
                    largest = Math.max(largest, Math.abs(logit));
                }
                assertArrayEquals(wanted, actual, 1e-5f * largest, optimizer); // the largest difference seen is 1.5e-6
                try (SafetensorsFile file =
                        SafetensorsFile.open(golden.resolve("after_" + optimizer + "_logits.safetensors"))) {
                    assertArrayEquals(file.readFloats("logits"), actual, 1e-4f, optimizer + " golden");
                }
            }
        }
    }

    /** By the golden adapters alone, without a decoder: every element of every file of every base. */
    @ParameterizedTest
    @MethodSource("models")
    void write_everyModel_changesWhatTheAdapterTargetsAndNothingElse(String name) throws IOException {
        PeftFolder peft = PeftFolder.read(
                SharedFolders.golden().resolve("lora").resolve(name).resolve("after_adam"));
        Path base = SharedFolders.models().resolve(name);
        Path merged = folder.resolve("merged");
        MergedFolder.write(base, peft.config(), peft.adapter(), merged);
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.sorted().toList()) {
                Path written = merged.resolve(file.getFileName());
                if (!file.toString().endsWith(".safetensors")) {
                    assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(written), file.toString());
                    continue;
                }
                try (SafetensorsFile before = SafetensorsFile.open(file);
                        SafetensorsFile after = SafetensorsFile.open(written)) {
                    assertTrue(before.names().equals(after.names()));
                    for (String tensor : before.names()) {
                        Optional<double[]> change =
                                change(peft, tensor, before.shape(tensor), name.equals("tiny-gpt2"));
                        if (change.isEmpty()) {
                            assertTrue(before.read(tensor).equals(after.read(tensor)), tensor);
                        } else {
                            float[] values = before.readFloats(tensor);
                            double[] sums = change.orElseThrow();
                            for (int i = 0; i < sums.length; i++) {
                                sums[i] += values[i];
                            }
                            assertNear(sums, after.readFloats(tensor), after.dtype(tensor), tensor);
                        }
                    }
                }
            }
        }
    }

    /** Half of the distance between two neighbours of the type, among the subnormals too. */
    private static void assertNear(double[] wanted, float[] actual, Dtype dtype, String tensor) {
        double half = dtype == Dtype.BF16 ? 0x1p-9 : dtype == Dtype.F16 ? 0x1p-12 : 0x1p-25;
        for (int i = 0; i < wanted.length; i++) {
            double bound = half * 2 * Math.abs(wanted[i]) * (1 + 1e-9) + (dtype == Dtype.F16 ? 0x1p-25 : 1e-30);
            int at = i;
            assertTrue(
                    Math.abs(wanted[i] - actual[i]) <= bound,
                    () -> tensor + " at " + at + ": " + wanted[at] + ", was " + actual[at]);
        }
    }

    private static Optional<double[]> change(PeftFolder peft, String tensor, int[] shape, boolean transposed) {
        String module = tensor.replaceAll("\\.weight$", "");
        var a = peft.adapter().tensors().get(module + ".lora_A");
        var b = peft.adapter().tensors().get(module + ".lora_B");
        if (a == null || b == null) {
            return Optional.empty();
        }
        double[] sums = new double[shape[0] * shape[1]];
        int rank = a.shape()[0];
        int in = a.shape()[1];
        for (int row = 0; row < shape[0]; row++) {
            for (int column = 0; column < shape[1]; column++) {
                int o = transposed ? column : row;
                int i = transposed ? row : column;
                for (int r = 0; r < rank; r++) {
                    sums[row * shape[1] + column] += peft.config().scale() * b.get(o * rank + r) * a.get(r * in + i);
                }
            }
        }
        return Optional.of(sums);
    }
}
