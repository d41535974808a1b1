package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FeaturesCommandTest extends OnMainJob {
    private Outcome features(Path data, Path out, String... more) {
        List<String> all = new ArrayList<>(
                List.of("features", "--model", shared.resolve("model").toString()));
        all.addAll(List.of("--data", data.toString(), "--device", "cpu", "--out", out.toString()));
        all.addAll(List.of(more));
        return execute(all.toArray(new String[0]));
    }

    private Path data() throws IOException {
        Path data = folder.resolve("some.jsonl");
        writeLines(data, 3, 8);
        return Files.writeString(data, Files.readString(data).replace("task-0", "task,\\\"0\\\""));
    }

    private static float[] row(Tensor tensor, int i) {
        int columns = tensor.shape()[1];
        float[] row = new float[columns];
        System.arraycopy(tensor.toArray(), i * columns, row, 0, columns);
        return row;
    }

    @Test
    void features_eachFormat_hasRowIOfInstructionI() throws IOException {
        Path data = data();
        List<Instruction> instructions = DataFile.readAll(data);
        FeatureMatrix expected;
        try (LanguageModel model = LanguageModel.load(
                shared.resolve("model"), ModelOptions.defaults().onDevice("cpu").withThreads(1))) {
            expected = FedHds.on(model)
                    .frozenFeatures(true)
                    .build()
                    .extractor()
                    .extract(instructions, RoundContext.first());
        }
        Path tensors = folder.resolve("rows.safetensors");
        Path csv = folder.resolve("rows.csv");
        Path lines = folder.resolve("rows.jsonl");
        for (Path out : List.of(tensors, csv, lines)) {
            Outcome outcome = features(data, out);
            assertEquals(0, outcome.status(), outcome.err());
            assertTrue(outcome.out().contains("features [24, " + expected.columns() + "]"), outcome.out());
            assertTrue(outcome.out().contains("feature rows: 24 computed"), outcome.out());
        }
        Tensor read;
        try (SafetensorsFile file = SafetensorsFile.open(tensors)) {
            read = file.readTensor("features");
        }
        List<String> table = Files.readAllLines(csv);
        assertEquals(25, table.size());
        assertTrue(table.get(0).startsWith("task,f0,f1,"), table.get(0));
        List<String> objects = Files.readAllLines(lines);
        assertEquals(24, objects.size());
        for (int i = 0; i < 24; i++) {
            assertArrayEquals(expected.row(i), row(read, i), "row " + i);
            JsonObject object = JsonParser.parseString(objects.get(i)).getAsJsonObject();
            assertEquals(instructions.get(i).task(), object.get("task").getAsString());
            JsonArray values = object.getAsJsonArray("features");
            String start = i < 8 ? "\"task,\"\"0\"\"\"," : instructions.get(i).task() + ",";
            assertTrue(table.get(i + 1).startsWith(start), table.get(i + 1));
            String[] fields = table.get(i + 1).substring(start.length()).split(",");
            for (int j = 0; j < expected.columns(); j++) {
                assertEquals(expected.get(i, j), values.get(j).getAsFloat());
                assertEquals(expected.get(i, j), Float.parseFloat(fields[j]));
            }
        }
    }

    @Test
    void features_fused_hasTwoCoordinatesAndIsRepeatable() throws IOException {
        Path first = folder.resolve("a.csv");
        Path second = folder.resolve("b.csv");
        Path cache = folder.resolve("cache");
        Outcome outcome = features(data(), first, "--fused", "--fusion", "pca", "--feature-cache", cache.toString());
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("features [24, 2]"), outcome.out());
        assertEquals("task,x,y", Files.readAllLines(first).get(0));
        Outcome again = features(
                data(), second, "--fused", "--fusion", "pca", "--feature-cache", cache.toString(), "--format", "csv");
        assertTrue(again.out().contains("feature rows: 0 computed, 24 taken from the cache"), again.out());
        assertEquals(Files.readString(first), Files.readString(second));
    }

    @Test
    void features_wrongOptions_areNamed() throws IOException {
        assertTrue(execute("features").err().contains("features needs --model, --data and --out"));
        Outcome fusion = features(data(), folder.resolve("x"), "--fusion", "pca");
        assertEquals(2, fusion.status());
        assertTrue(fusion.err().contains("--fusion needs --fused"), fusion.err());
        Outcome format = features(data(), folder.resolve("x"), "--format", "xml");
        assertTrue(format.err().contains("is none of safetensors, csv, jsonl"), format.err());
        assertEquals(2, features(data(), folder.resolve("x"), "--clients", "3").status());
    }
}
