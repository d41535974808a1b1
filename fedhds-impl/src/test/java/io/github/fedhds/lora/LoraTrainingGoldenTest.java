package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LanguageModelGoldenTest;
import io.github.fedhds.transformer.LoraGradient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Agreement with PEFT 0.21 and torch.optim, on every model of golden/lora that this library supports. */
@Tag("golden")
public class LoraTrainingGoldenTest {
    public static Stream<String> models() throws IOException {
        try (Stream<Path> folders = Files.list(SharedFolders.golden().resolve("lora"))) {
            return folders.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList().stream();
        }
    }

    private static Path folder(String model) {
        return SharedFolders.golden().resolve("lora").resolve(model);
    }

    private static Optimizer optimizer(String name, int parameters) {
        return switch (name) {
            case "adam" -> new Adam(parameters);
            case "adamw" -> Adam.adamW(parameters, 0.1);
            case "sgd" -> new Sgd(parameters);
            default -> throw new AssertionError("a new optimizer in the golden files: " + name);
        };
    }

    private static double rate(String name) {
        return name.equals("sgd") ? 0.1 : 3e-3;
    }

    @ParameterizedTest
    @MethodSource("models")
    void training_everyOptimizer_agreesWithPeft(String name) throws IOException {
        JsonObject run = JsonParser.parseString(Files.readString(folder(name).resolve("run.json")))
                .getAsJsonObject();
        try (LanguageModel model = LanguageModelGoldenTest.load(name)) {
            PeftFolder start = PeftFolder.read(folder(name).resolve("start"));
            LoraConfig lora = start.config();
            AdapterForm form = lora.form();
            LoraGradient graph = model.loraGradient(form, 0);
            List<EncodedSample> batches = batches(run);
            for (String optimizer : run.getAsJsonObject("losses").keySet()) {
                JsonArray losses = run.getAsJsonObject("losses").getAsJsonArray(optimizer);
                float[] flat = form.flatten(model.config(), start.adapter());
                float[] gradient = new float[flat.length];
                Optimizer steps = optimizer(optimizer, flat.length);
                for (int step = 0; step < losses.size(); step++) {
                    float loss = graph.compute(List.of(batches.get(step % batches.size())), flat, 0, gradient);
                    assertEquals(losses.get(step).getAsFloat(), loss, 1e-4f, optimizer + " step " + step);
                    if (step == 0) {
                        compareGradients(name, form.unflatten(model.config(), gradient));
                    }
                    steps.step(flat, gradient, rate(optimizer));
                }
                compareAdapters(
                        PeftFolder.read(folder(name).resolve("after_" + optimizer))
                                .adapter(),
                        form.unflatten(model.config(), flat),
                        optimizer);
                compareLogits(name, optimizer, model, form, batches.get(0));
            }
        }
    }

    private static List<EncodedSample> batches(JsonObject run) {
        List<EncodedSample> batches = new ArrayList<>();
        for (JsonElement element : run.getAsJsonArray("batches")) {
            JsonObject batch = element.getAsJsonObject();
            JsonArray ids = batch.getAsJsonArray("input_ids");
            JsonArray labels = batch.getAsJsonArray("labels");
            int start = 0;
            while (labels.get(start).getAsInt() == -100) {
                start++;
            }
            int[] values = new int[ids.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = ids.get(i).getAsInt();
            }
            batches.add(new EncodedSample(values, start, false));
        }
        return batches;
    }

    private static void compareGradients(String name, Adapter actual) {
        Map<String, Tensor> golden = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(folder(name).resolve("first_gradients.safetensors"))) {
            for (String tensor : file.names()) {
                golden.put(tensor, file.readTensor(tensor));
            }
        }
        assertEquals(golden.size(), actual.tensors().size());
        actual.tensors().forEach((tensor, values) -> {
            String theirs = "base_model.model." + tensor + ".weight";
            assertTrue(golden.containsKey(theirs), theirs);
            assertArrayEquals(
                    Objects.requireNonNull(golden.get(theirs), theirs).toArray(), values.toArray(), 1e-5f, tensor);
        });
    }

    private static void compareAdapters(Adapter golden, Adapter actual, String optimizer) {
        assertEquals(golden.tensors().keySet(), actual.tensors().keySet());
        golden.tensors().forEach((name, tensor) -> {
            float[] a = tensor.toArray();
            float[] b = Objects.requireNonNull(actual.tensors().get(name), name).toArray();
            double difference = 0;
            double norm = 0;
            for (int i = 0; i < a.length; i++) {
                difference += Math.pow((double) a[i] - b[i], 2);
                norm += (double) a[i] * a[i];
            }
            assertTrue(
                    Math.sqrt(difference) <= 1e-3 * Math.sqrt(norm),
                    optimizer + " " + name + ": " + Math.sqrt(difference / norm));
        });
    }

    private static void compareLogits(
            String name, String optimizer, LanguageModel model, AdapterForm form, EncodedSample first) {
        Adapter trained =
                PeftFolder.read(folder(name).resolve("after_" + optimizer)).adapter();
        try (SafetensorsFile file =
                SafetensorsFile.open(folder(name).resolve("after_" + optimizer + "_logits.safetensors"))) {
            List<float[]> states = model.with(form, trained).states(first.ids());
            assertArrayEquals(file.readFloats("logits"), states.get(states.size() - 1), 1e-4f, optimizer);
        }
    }
}
