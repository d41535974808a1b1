package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.TinyModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskCoverageTest {
    private static List<String> run(int status, String... arguments) {
        StringWriter text = new StringWriter();
        assertEquals(
                status,
                TaskCoverage.commandLine()
                        .setOut(new PrintWriter(text))
                        .setErr(new PrintWriter(text))
                        .execute(arguments));
        return text.toString().lines().toList();
    }

    private static double mean(String row) {
        return Double.parseDouble(row.split("\\|")[2].trim());
    }

    @Test
    void call_drawnPoints_memoryFindsTheMost() {
        List<String> lines =
                run(0, "--tasks", "60", "--clients", "12", "--rounds", "10", "--picks", "3", "--seeds", "3");
        assertEquals(1 + 2 + 4, lines.size());
        assertEquals(30, mean(lines.get(6)));
        for (String row : lines.subList(3, 6)) {
            assertTrue(mean(row) < 30, row);
        }
    }

    @Test
    void call_modelAndData_keepsTheFeatures(@TempDir Path folder) throws Exception {
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            data.append("{\"instruction\": \"say ")
                    .append(i)
                    .append("\", \"output\": \"o\", \"task\": \"t")
                    .append(i % 10)
                    .append("\"}\n");
        }
        Path file = Files.writeString(folder.resolve("data.jsonl"), data);
        Path cache = folder.resolve("cache");
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        String[] arguments = {
            "--model",
            model.toString(),
            "--data",
            file.toString(),
            "--cache",
            cache.toString(),
            "--clients",
            "4",
            "--rounds",
            "2",
            "--picks",
            "2",
            "--seeds",
            "2"
        };
        List<String> first = run(0, arguments);
        assertEquals(4, mean(first.get(6)));
        try (var files = Files.walk(cache)) {
            assertTrue(files.filter(Files::isRegularFile).count() > 0);
        }
        assertEquals(first, run(0, arguments));
    }

    @Test
    void call_wrongOptions_areNamed() {
        assertTrue(run(2, "--model", "x").get(0).contains("--model and --data belong together"));
        assertTrue(run(2, "--picks", "0").get(0).contains("1 or more"));
        assertTrue(run(2, "--tasks", "0").get(0).contains("1 or more"));
    }
}
