package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.lora.PeftFolder;
import io.github.fedhds.training.Adapter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job on a model of random weights: what it leaves in its folder, says, and refuses. */
class MainTest {
    private static final Gson GSON = new Gson();

    @TempDir
    private static Path shared = Path.of("");

    @TempDir
    private Path folder = Path.of("");

    private record Outcome(int status, String out, String err) {}

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
    private static void writeLines(Path file, int tasks, int rows) throws IOException {
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

    private static Outcome execute(String... arguments) {
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
    private Outcome own(Path out, String... more) {
        return ownOn(shared.resolve("data.jsonl"), out, more);
    }

    private static Outcome ownOn(Path data, Path out, String... more) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("--model", shared.resolve("model").toString());
        options.put("--data", data.toString());
        options.put("--out", out.toString());
        options.put("--answer-tokens", "2");
        options.put("--device", "cpu");
        options.put("--learning-rate", "1e-2");
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

    private Outcome resume(Path out, String... more) {
        return own(out, with(more, "--resume", ""));
    }

    private static Adapter adapter(Path out) {
        return PeftFolder.read(out.resolve("adapter")).adapter();
    }

    private static byte[] weights(Path out) throws IOException {
        return Files.readAllBytes(out.resolve("adapter/adapter_model.safetensors"));
    }

    private static boolean changesTheModel(Adapter adapter) {
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

    private static List<JsonObject> rounds(Path out) throws IOException {
        return Files.readAllLines(out.resolve("rounds.jsonl")).stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    private static List<JsonObject> withoutSeconds(Path out) throws IOException {
        List<JsonObject> rounds = rounds(out);
        rounds.forEach(round -> round.remove("seconds"));
        return rounds;
    }

    @Test
    void ownRun_jsonLines_leavesAdapterRoundsAndConfig() throws IOException {
        Path out = folder.resolve("new/out");
        Outcome outcome = own(out, "--rounds", "2", "--fraction", "1", "--evaluate-every", "1");
        assertEquals(0, outcome.status(), outcome.err());

        PeftFolder peft = PeftFolder.read(out.resolve("adapter"));
        assertEquals(shared.resolve("model").toString(), peft.baseModelName());
        assertTrue(changesTheModel(peft.adapter()), outcome.out());
        assertTrue(Files.exists(out.resolve("adapter/adapter_config.json")));

        List<JsonObject> rounds = rounds(out);
        assertEquals(2, rounds.size());
        for (int i = 0; i < 2; i++) {
            JsonObject round = rounds.get(i);
            assertEquals(
                    Set.of(
                            "round",
                            "clients",
                            "centroids",
                            "selected_groups",
                            "selected",
                            "updates",
                            "loss",
                            "cut_prompts",
                            "skipped_too_long",
                            "skipped_not_finite",
                            "seconds",
                            "score",
                            "reports",
                            "bytes",
                            "adapter_sha256"),
                    round.keySet());
            assertEquals(i + 1, round.get("round").getAsInt());
            assertEquals(8, round.getAsJsonArray("clients").size());
            assertTrue(round.get("selected").getAsInt() > 0, round::toString);
            for (Map.Entry<String, JsonElement> step :
                    round.getAsJsonObject("seconds").entrySet()) {
                assertTrue(step.getValue().getAsDouble() >= 0, step::toString);
            }
        }
        assertEquals(
                peft.adapter().digest(), rounds.get(1).get("adapter_sha256").getAsString());

        JsonObject config = JsonParser.parseString(Files.readString(out.resolve("config.json")))
                .getAsJsonObject();
        assertEquals(8, config.get("clients").getAsInt());
        assertEquals(320, config.get("instructions").getAsInt());
        assertEquals(40, config.get("unseen_instructions").getAsInt());
        assertEquals(2, config.get("rounds").getAsInt());
        assertEquals("fedhds", config.get("selection").getAsString());
        assertEquals("cpu()", config.get("device").getAsString());

        assertTrue(outcome.out().contains("8 clients with 320 instructions of 8 tasks"), outcome.out());
        assertTrue(outcome.out().contains("fedhds, round 2 of 2: 8 clients"), outcome.out());
        assertTrue(outcome.out().contains("after round 1: Rouge-L"), outcome.out());
    }

    @Test
    void ownRun_featureModel_computesEachRowOnceAndALaterRunNone() throws IOException {
        String small = shared.resolve("model").toString();
        Path rows = folder.resolve("rows");
        String[] turbo = {
            "--feature-model", small, "--feature-cache", rows.toString(), "--rounds", "2", "--fraction", "1"
        };
        Outcome first = own(folder.resolve("1"), turbo);
        assertEquals(0, first.status(), first.err());
        assertTrue(first.out().contains("feature rows: 320 computed, 320 taken from the cache\n"), first.out());
        Outcome again = own(folder.resolve("2"), turbo);
        assertTrue(again.out().contains("feature rows: 0 computed, 640 taken from the cache\n"), again.out());
        assertArrayEquals(weights(folder.resolve("1")), weights(folder.resolve("2")));
        assertTrue(changesTheModel(adapter(folder.resolve("1"))), first.out());
        assertEquals(
                JsonParser.parseString("{\"hits\":0,\"misses\":320,\"damaged\":0,\"unkept\":0}"),
                rounds(folder.resolve("1")).get(0).get("feature_rows"));
        String config = Files.readString(folder.resolve("1/config.json"));
        assertTrue(config.contains("feature_model") && config.contains("feature_cache"), config);

        Outcome memory = own(folder.resolve("3"), "--feature-model", small, "--rounds", "2", "--fraction", "1");
        assertTrue(memory.out().contains("feature rows: 320 computed, 320 taken"), memory.out());
        assertArrayEquals(weights(folder.resolve("1")), weights(folder.resolve("3")));
        assertFalse(own(folder.resolve("4")).out().contains("feature rows"));
    }

    @Test
    void ownRun_naturalInstructions_leavesAnAdapter() throws IOException {
        Outcome outcome = ownOn(shared.resolve("natural"), folder.resolve("out"), "--selection", "full");
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(
                outcome.out().contains("3 clients with 12 instructions of 3 tasks, 20 instructions of 1 unseen tasks"),
                outcome.out());
        assertEquals(12, rounds(folder.resolve("out")).get(0).get("selected").getAsInt());
        assertTrue(changesTheModel(adapter(folder.resolve("out"))));

        Outcome half =
                ownOn(shared.resolve("natural"), folder.resolve("half"), "--selection", "full", "--instances", "0.5");
        assertEquals(0, half.status(), half.err());
        assertEquals(30, rounds(folder.resolve("half")).get(0).get("selected").getAsInt());
    }

    @Test
    void ownRun_sameSeedAndAnyParallel_givesEqualBytes() throws IOException {
        Path first = folder.resolve("1");
        Path again = folder.resolve("2");
        Path wide = folder.resolve("3");
        Path other = folder.resolve("4");
        own(first, "--seed", "5", "--rounds", "2", "--parallel", "1");
        own(again, "--seed", "5", "--rounds", "2", "--parallel", "1");
        own(wide, "--seed", "5", "--rounds", "2", "--parallel", "4");
        own(other, "--seed", "6", "--rounds", "2", "--parallel", "4");
        assertTrue(changesTheModel(adapter(first)));
        assertArrayEquals(weights(first), weights(again));
        assertArrayEquals(weights(first), weights(wide));
        assertEquals(withoutSeconds(first), withoutSeconds(again));
        assertEquals(withoutSeconds(first), withoutSeconds(wide));
        assertNotEquals(adapter(first).digest(), adapter(other).digest());
    }

    @ParameterizedTest
    @CsvSource({"fedhds, tsne", "fedhds, pca", "fedhds, last-layer", "diverse, tsne", "random, tsne", "full, tsne"})
    void ownRun_everySelectionAndFusion_works(String selection, String fusion) throws IOException {
        Path out = folder.resolve("out");
        Outcome outcome = own(out, "--selection", selection, "--fusion", fusion, "--fraction", "0.5", "--share", "0.1");
        assertEquals(0, outcome.status(), outcome.err());
        String config = Files.readString(out.resolve("config.json"));
        assertTrue(config.contains('"' + selection + '"') && config.contains('"' + fusion + '"'), config);
        int samples = rounds(out).get(0).get("selected").getAsInt();
        assertEquals(samples > 0, changesTheModel(adapter(out)));
        switch (selection) {
            case "full" -> assertEquals(4 * 40, samples);
            case "random" -> assertEquals(4 * 4, samples); // 0.1 of 40 each
            case "diverse" -> assertTrue(samples >= 4 && samples <= 4 * 4, () -> "chose " + samples); // groups found
            default -> assertTrue(samples < 4 * 40);
        }
    }

    @Test
    void ownRun_noGroupChosen_saysSoAndLeavesTheFirstAdapter() throws IOException {
        writeLines(folder.resolve("few.jsonl"), 3, 3);
        Path out = folder.resolve("out");
        Outcome outcome = ownOn(folder.resolve("few.jsonl"), out);
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("nothing trained on: the adapter stays as it was"), outcome.out());
        assertTrue(outcome.out().contains("no group was chosen in any round"), outcome.out());
        assertFalse(changesTheModel(adapter(out)));
        JsonObject round = rounds(out).get(0);
        assertEquals(0, round.get("selected").getAsInt());
        assertFalse(round.has("loss"));
        assertEquals(adapter(out).digest(), round.get("adapter_sha256").getAsString());
    }

    @Test
    void ownRun_everyAnswerTooLong_saysSo() throws IOException {
        writeLines(folder.resolve("one.jsonl"), 1, 8); // one task: none is held out, so nothing is evaluated
        Outcome outcome =
                ownOn(folder.resolve("one.jsonl"), folder.resolve("out"), "--selection", "full", "--max-length", "40");
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("every chosen instruction was left out"), outcome.out());
        assertTrue(outcome.out().contains("8 answers too long"), outcome.out());
        assertFalse(changesTheModel(adapter(folder.resolve("out"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fedhds", "diverse", "random", "full"})
    void ownRun_clientsWithNoneOneOrTwoInstructions_takePart(String selection) throws IOException {
        writeLines(folder.resolve("few.jsonl"), 3, 8);
        for (int clients :
                List.of(12, 40)) { // the sixteen instructions of two tasks: one or more each, then none to some
            Path out = folder.resolve("out" + clients);
            Outcome outcome = ownOn(
                    folder.resolve("few.jsonl"),
                    out,
                    "--selection",
                    selection,
                    "--clients",
                    String.valueOf(clients),
                    "--fraction",
                    "1");
            assertEquals(0, outcome.status(), outcome.err());
            JsonObject round = rounds(out).get(0);
            assertEquals(clients, round.getAsJsonArray("clients").size());
            int samples = round.get("selected").getAsInt();
            if (selection.equals("full")) {
                assertEquals(16, samples);
            } else if (selection.equals("random")) {
                assertEquals(round.get("updates").getAsInt(), samples);
                assertTrue(samples > 0 && samples <= Math.min(16, clients), round::toString);
            }
        }
    }

    @Test
    void ownRun_again_startsItsFilesAnew() throws IOException {
        Path out = folder.resolve("out");
        own(out, "--rounds", "2", "--selection", "random");
        own(out, "--selection", "full");
        assertEquals(1, rounds(out).size());
        assertEquals(
                adapter(out).digest(), rounds(out).get(0).get("adapter_sha256").getAsString());
    }

    @Test
    void ownRun_resumed_goesOnAndLeavesTheSameBytes() throws IOException {
        Path once = folder.resolve("once");
        Path twice = folder.resolve("twice");
        String[] settings = {"--selection", "random", "--evaluate-every", "1"};
        own(once, with(settings, "--rounds", "3"));
        Outcome first = own(twice, with(settings, "--rounds", "2"));
        assertFalse(first.out().contains("resumed"), first.out());

        Outcome forgotten = own(twice, with(settings, "--rounds", "3"));
        assertEquals(1, forgotten.status());
        assertTrue(forgotten.err().contains("holds a run after 2 rounds; go on by --resume"));
        Outcome other = resume(twice, with(settings, "--rounds", "3", "--learning-rate", "2e-2"));
        assertEquals(1, other.status());
        assertTrue(other.err().contains("made with learning_rate 0.01, this run has 0.02"), other.err());
        String config = Files.readString(twice.resolve("config.json"));
        assertTrue(config.contains("\"learning_rate\": 0.01"), "the refused run's settings: " + config);

        Outcome resumed = resume(twice, with(settings, "--rounds", "3"));
        assertEquals(0, resumed.status(), resumed.err());
        assertTrue(resumed.out().contains("random, resumed after round 2 of 3"), resumed.out());
        assertTrue(resumed.out().contains("round 3 of 3") && !resumed.out().contains("round 2 of 3: "), resumed.out());
        assertArrayEquals(weights(once), weights(twice));
        assertEquals(withoutSeconds(once), withoutSeconds(twice));
        Adapter best = PeftFolder.read(twice.resolve("adapter-best")).adapter();
        assertEquals(PeftFolder.read(once.resolve("adapter-best")).adapter(), best);
        assertTrue(rounds(twice).stream()
                .anyMatch(round -> round.get("adapter_sha256").getAsString().equals(best.digest())));
    }

    @Test
    void ownRun_inPlaceOfAnotherThatWasKilled_isRefusedWhateverItsRounds() throws IOException {
        Path out = folder.resolve("killed");
        Outcome first = own(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "1");
        assertEquals(0, first.status(), first.err());
        assertTrue(Files.exists(out.resolve("adapter-best/adapter_config.json")));
        Path checkpoint = out.resolve("checkpoint");
        Files.move(
                checkpoint.resolve("checkpoint.1"),
                checkpoint.resolve("checkpoint"),
                StandardCopyOption.REPLACE_EXISTING); // as if killed after round 1
        Outcome fewer = own(out, "--rounds", "1", "--selection", "random");
        assertEquals(1, fewer.status());
        assertTrue(fewer.err().contains("holds a run after 1 rounds of more; go on by --resume"), fewer.err());
        assertEquals(
                0,
                resume(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "1")
                        .status());
        assertEquals(
                0,
                own(out, "--rounds", "2", "--selection", "random", "--evaluate-every", "0")
                        .status());
        assertFalse(Files.exists(out.resolve("adapter-best/adapter_config.json")), "the old run's best adapter");
    }

    private static String[] with(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray(new String[0]);
    }

    @Test
    void ownRun_outOfPatience_stops() throws IOException {
        Path out =
                folder.resolve("out"); // so small a rate changes no answer, so no evaluation is better than the first
        Outcome outcome = own(
                out,
                "--rounds",
                "9",
                "--selection",
                "random",
                "--learning-rate",
                "1e-30",
                "--evaluate-every",
                "1",
                "--patience",
                "2");
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(3, rounds(out).size());
        assertTrue(outcome.out().contains("stopped early: no Rouge-L above"), outcome.out());
        assertTrue(outcome.out().contains("after round 1\n"), outcome.out());
        Outcome alone = own(folder.resolve("no"), "--patience", "2");
        assertEquals(2, alone.status());
        assertTrue(alone.err().startsWith("--patience needs --evaluate-every"), alone.err());
        writeLines(folder.resolve("one.jsonl"), 1, 8);
        Outcome unseen =
                ownOn(folder.resolve("one.jsonl"), folder.resolve("none"), "--patience", "2", "--evaluate-every", "1");
        assertEquals(1, unseen.status());
        assertTrue(unseen.err().contains("has no unseen tasks"), unseen.err());
    }

    @ParameterizedTest
    @CsvSource({
        "--patience, -1",
        "--fraction, 0",
        "--fraction, NaN",
        "--fraction, 2",
        "--fraction, -0.1",
        "--fraction, x",
        "--instances, 0",
        "--instances, 1.1",
        "--share, 0",
        "--share, NaN",
        "--share, Infinity",
        "--rounds, 0",
        "--rounds, -1",
        "--rounds, 1.5",
        "--rounds, 9999999999",
        "--clients, 0",
        "--samples-per-group, 0",
        "--max-length, 1",
        "--answer-tokens, 0",
        "--evaluate-every, -1",
        "--parallel, 0",
        "--parallel, 5000",
        "--learning-rate, 0",
        "--learning-rate, NaN",
        "--learning-rate, Infinity",
        "--selection, x",
        "--selection, FULL",
        "--fusion, x",
        "--seed, x",
        "--nonsense, 1"
    })
    void badOption_isNamedWithStatus2(String option, String value) {
        Outcome outcome = own(folder.resolve("out"), option, value);
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().lines().findFirst().orElse("").contains(option), outcome.err());
        assertFalse(outcome.err().contains("only once"), outcome.err()); // refused for its value
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void groupsOfOptions_thatNeedOthers_areRefusedWithStatus2() {
        String some = folder.resolve("some").toString();
        for (String[] arguments : new String[][] {
            {"--data", some},
            {"--data", some, "--out", some},
            {"--model", some},
            {"--model", some, "--data", some},
            {"--model", some, "--out", some},
            {"--selection", "full"},
            {"--share", "0.5"},
            {"--instances", "0.5"},
            {"--max-length", "100"},
            {"--answer-tokens", "5"},
            {"--evaluate-every", "1"},
            {"--patience", "1"},
            {"--feature-model", some},
            {"--feature-cache", some}
        }) {
            Outcome outcome = execute(arguments);
            String message = outcome.err().lines().findFirst().orElse("");
            assertEquals(2, outcome.status(), message);
            assertTrue(message.contains(arguments[0]) && message.contains("--model"), message);
        }
        assertFalse(Files.exists(folder.resolve("some")));
        Outcome outcome = execute("--resume");
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().startsWith("--resume needs --out"), outcome.err());
    }

    @Test
    void badInput_isToldWithStatus1AndLeavesNoFolder() throws IOException {
        String model = shared.resolve("model").toString();
        String data = shared.resolve("data.jsonl").toString();
        Path empty = Files.writeString(folder.resolve("empty.jsonl"), "\n\n");
        Path broken =
                Files.writeString(folder.resolve("broken.jsonl"), "{\"instruction\": \"a\", \"output\": \"b\"}\n{");
        Path noTask = Files.writeString(folder.resolve("no-task.jsonl"), "{\"instruction\": \"a\", \"output\": \"b\"}");
        Path text = Files.writeString(folder.resolve("data.txt"), "some text");
        Path natural = folder.resolve("natural");
        Files.createDirectories(natural.resolve("tasks"));
        Files.createDirectories(natural.resolve("splits/default"));
        Files.writeString(natural.resolve("splits/default/train_tasks.txt"), "task1\n");
        Files.writeString(natural.resolve("splits/default/test_tasks.txt"), "");
        Files.writeString(natural.resolve("tasks/task1.json"), "this is no JSON");

        fails(folder.resolve("no-model").toString(), data, "no-model");
        fails(shared.toString(), data, "config.json");
        fails(model, folder.resolve("nowhere.jsonl").toString(), "nowhere.jsonl: ");
        fails(model, folder.resolve("nowhere").toString(), "does not exist");
        fails(model, text.toString(), "is of no known kind");
        fails(model, empty.toString(), "the data set is empty");
        fails(model, broken.toString(), "line 2");
        fails(model, noTask.toString(), "--clients");
        fails(model, natural.toString(), "task1.json");
        fails(model, data, "cuda:99", "--device", "cuda:99");
        fails(model, data, "tpu", "--device", "tpu");
        fails(model, data, "do not fit", "--max-length", "2");

        fails(
                model,
                data,
                "no-model",
                "--feature-model",
                folder.resolve("no-model").toString());
        String file = Files.writeString(folder.resolve("in-the-way"), "").toString();
        fails(model, data, "feature cache", "--feature-model", model, "--feature-cache", file);
        Outcome alone = own(folder.resolve("out"), "--feature-cache", file);
        assertEquals(2, alone.status());
        assertTrue(alone.err().startsWith("--feature-cache needs --feature-model"), alone.err());

        Outcome embedded = execute("--device", "cuda:99");
        assertEquals(1, embedded.status());
        assertTrue(embedded.err().startsWith("fedhds: device cuda:99"), embedded.err());

        Path kept = Files.writeString(folder.resolve("file"), "kept");
        Outcome outcome = own(kept);
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("--out"), outcome.err());
        assertEquals("kept", Files.readString(kept));
    }

    private void fails(String model, String data, String told, String... more) {
        Path out = folder.resolve("out");
        List<String> all = new ArrayList<>(List.of("--model", model, "--data", data, "--out", out.toString()));
        all.addAll(List.of(more));
        Outcome outcome = execute(all.toArray(new String[0]));
        assertEquals(1, outcome.status(), outcome.err());
        assertTrue(outcome.err().startsWith("fedhds: ") && outcome.err().contains(told), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertFalse(Files.exists(out), told);
    }

    @Test
    void help_listsAllOptions() {
        Outcome outcome = execute("--help");
        assertEquals(0, outcome.status());
        Set<String> options =
                new TreeSet<>(Main.commandLine().getCommandSpec().optionsMap().keySet());
        assertTrue(options.size() > 18);
        options.forEach(option -> assertTrue(outcome.out().contains(option), option));
        assertEquals("", outcome.err());
    }
}
