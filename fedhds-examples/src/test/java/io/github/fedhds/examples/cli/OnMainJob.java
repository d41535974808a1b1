package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.peft.PeftFolder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Tests of the main job on a model of random weights, and on small data of two kinds. */
public abstract class OnMainJob {
    static final Gson GSON = new Gson();

    @TempDir
    static Path shared = Path.of("");

    @TempDir
    Path folder = Path.of("");

    record Outcome(int status, String out, String err) {}

    @BeforeAll
    static void writeInputs() throws IOException {
        TinyModel.write(Files.createDirectories(shared.resolve("model")));
        writeLines(shared.resolve("data.jsonl"), 9, 40);
        Path natural = shared.resolve("natural");
        Files.createDirectories(natural.resolve("tasks"));
        Files.createDirectories(natural.resolve("splits/default"));
        List<String> names = List.of("task1_add", "task2_spell", "task3_negate", "task4_unseen");
        for (String name : names) {
            List<Object> instances = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                instances.add(Map.of("input", i + " of " + name, "output", List.of("a".repeat(1 + i % 3))));
            }
            Files.writeString(
                    natural.resolve("tasks/" + name + ".json"),
                    GSON.toJson(Map.of("Definition", List.of("Do " + name), "Instances", instances)));
        }
        Files.write(natural.resolve("splits/default/train_tasks.txt"), names.subList(0, 3));
        Files.write(natural.resolve("splits/default/test_tasks.txt"), names.subList(3, 4));
    }

    /** Tasks of four kinds of texts each, which look apart even to a model of random weights. */
    public static void writeLines(Path file, int tasks, int rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            for (int i = 0; i < rows; i++) {
                String letter = String.valueOf("aZ7#".charAt(i % 4));
                Map<String, String> line = new LinkedHashMap<>();
                line.put(
                        "instruction",
                        List.of("add", "spell", "NEGATE", "9-digit").get(i % 4));
                line.put("input", (i + rows * task) + " and " + letter.repeat(3));
                line.put("output", letter.repeat(6));
                line.put("task", "task-" + task);
                lines.add(GSON.toJson(line));
            }
        }
        Files.write(file, lines);
    }

    /** Names of the options of the command run. */
    static Set<String> runOptions() {
        return new TreeSet<>(
                Objects.requireNonNull(Main.commandLine().getSubcommands().get("run"))
                        .getCommandSpec()
                        .optionsMap()
                        .keySet());
    }

    static Outcome execute(String... arguments) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StringWriter told = new StringWriter();
        StringWriter err = new StringWriter();
        PrintStream console = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        int status = Main.commandLine(console)
                .setOut(new PrintWriter(told, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Outcome(status, bytes.toString(StandardCharsets.UTF_8) + told, err.toString());
    }

    /** A run on the nine tasks, with small settings where none are given. */
    Outcome own(Path out, String... more) {
        return ownOn(shared.resolve("data.jsonl"), out, more);
    }

    static Outcome ownOn(Path data, Path out, String... more) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("--model", shared.resolve("model").toString());
        options.put("--data", data.toString());
        options.put("--out", out.toString());
        options.put("--answer-tokens", "2");
        options.put("--device", "cpu");
        options.put("--learning-rate", "1e-2");
        options.put("--epochs", "1");
        options.put("--rounds", "1");
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        List<String> all = new ArrayList<>();
        options.forEach((name, value) -> {
            all.add(name);
            if (!value.isEmpty()) {
                all.add(value);
            }
        });
        return execute(all.toArray(new String[0]));
    }

    Outcome resume(Path out, String... more) {
        return own(out, with(more, "--resume", ""));
    }

    static Adapter adapter(Path out) {
        return PeftFolder.read(out.resolve("adapter")).adapter();
    }

    static byte[] weights(Path out) throws IOException {
        return Files.readAllBytes(out.resolve("adapter/adapter_model.safetensors"));
    }

    public static boolean changesTheModel(Adapter adapter) {
        return adapter.tensors().entrySet().stream()
                .filter(named -> named.getKey().endsWith("lora_B"))
                .anyMatch(named -> {
                    for (float value : named.getValue().toArray()) {
                        if (value != 0) {
                            return true;
                        }
                    }
                    return false;
                });
    }

    static List<JsonObject> rounds(Path out) throws IOException {
        return Files.readAllLines(out.resolve("rounds.jsonl")).stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    static List<JsonObject> withoutSeconds(Path out) throws IOException {
        List<JsonObject> rounds = rounds(out);
        rounds.forEach(round -> round.remove("seconds"));
        return rounds;
    }

    static String[] with(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray(new String[0]);
    }
}
