package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command plan on a model of random weights: its counts, its bytes against a run's, and that it leaves nothing. */
class PlanTest extends OnMainJob {
    private static String[] plan(String... more) {
        return with(
                new String[] {
                    "plan",
                    "--model",
                    shared.resolve("model").toString(),
                    "--data",
                    shared.resolve("data.jsonl").toString(),
                    "--answer-tokens",
                    "2",
                    "--device",
                    "cpu"
                },
                more);
    }

    private static JsonObject planned(String... more) {
        Outcome outcome = execute(plan(with(more, "--json")));
        assertEquals(0, outcome.status(), outcome.err());
        return JsonParser.parseString(outcome.out()).getAsJsonObject();
    }

    @Test
    void plan_lines_countsDataTokensAndWork() {
        JsonObject plan = planned("--rounds", "3", "--fraction", "0.5", "--evaluate-every", "2", "--share", "0.05");
        JsonObject data = plan.getAsJsonObject("data");
        assertEquals(360, data.getAsJsonObject("read").get("instructions").getAsInt());
        assertEquals(320, data.get("instructions").getAsInt()); // one of nine tasks is held out
        assertEquals(8, data.get("clients").getAsInt());
        assertEquals(40, data.get("smallest").getAsInt());
        assertEquals(40, data.get("largest").getAsInt());
        assertEquals(1, data.get("unseen_tasks").getAsInt());
        assertEquals(40, data.get("unseen_instructions").getAsInt());

        JsonObject tokens = plan.getAsJsonObject("tokens");
        long total = tokens.get("total").getAsLong();
        assertTrue(total >= 320L * tokens.get("median").getAsInt() / 2, tokens::toString);
        assertEquals(0, tokens.get("too_long").getAsInt());
        double passes = ChoiceLines.expectedPasses(0.5, 3, true);
        assertEquals(total * passes / 3, tokens.get("features_per_round").getAsDouble(), 1);

        JsonObject seconds = plan.getAsJsonObject("seconds");
        assertEquals(8, seconds.get("samples").getAsInt()); // 5 % of 160
        assertEquals(3, seconds.get("evaluations").getAsInt()); // base model, after rounds 2 and 3
        double sum = 0;
        for (String part : List.of("features", "selection", "training", "evaluation")) {
            double of = seconds.get(part).getAsDouble();
            assertTrue(of > 0, () -> part + " in " + seconds);
            sum += of;
        }
        assertEquals(sum, seconds.get("total").getAsDouble(), 1e-9);

        JsonElement peak = plan.getAsJsonObject("memory").get("peak");
        assertEquals(System.getProperty("os.name").equals("Linux"), !peak.isJsonNull());
    }

    @ParameterizedTest
    @ValueSource(strings = {"recommended", "random", "full"})
    void plan_selection_bytesAreThoseOfARun(String selection) throws IOException {
        String[] settings = {"--selection", selection, "--fraction", "0.5", "--rounds", "1"};
        Path out = folder.resolve("out");
        Outcome run = own(out, settings);
        assertEquals(0, run.status(), run.err());
        JsonObject done = rounds(out).get(0);
        JsonObject plan = planned(settings);
        assertEquals(
                done.get("selected").getAsInt(),
                plan.getAsJsonObject("seconds").get("samples").getAsInt());
        long down = 0;
        long up = 0;
        for (Map.Entry<String, JsonElement> kind :
                plan.getAsJsonObject("bytes").getAsJsonObject("round").entrySet()) {
            down += kind.getValue().getAsJsonObject().get("bytes_down").getAsLong();
            up += kind.getValue().getAsJsonObject().get("bytes_up").getAsLong();
        }
        JsonObject bytes = done.getAsJsonObject("bytes");
        // How many groups a client reports depends on its features; a few bytes, on the digits of losses and counts.
        assertEquals(bytes.get("to_clients").getAsDouble(), down, 0.005 * down);
        assertEquals(bytes.get("to_server").getAsDouble(), up, (selection.equals("recommended") ? 0.3 : 0.005) * up);
    }

    @Test
    void plan_namedFolders_areNotCreated() throws IOException {
        Path out = folder.resolve("out");
        Path cache = folder.resolve("cache");
        Map<Path, FileTime> before = files();
        assertTrue(shared.resolve("model").toFile().setWritable(false) || before.isEmpty());
        assertTrue(folder.toFile().setWritable(false));
        try {
            Outcome outcome = execute(plan("--out", out.toString(), "--feature-cache", cache.toString()));
            assertEquals(0, outcome.status(), outcome.err());
            assertTrue(outcome.out().contains("data      1 file with 360 instructions\n"), outcome.out());
        } finally {
            assertTrue(folder.toFile().setWritable(true));
            assertTrue(shared.resolve("model").toFile().setWritable(true));
        }
        assertFalse(Files.exists(out));
        assertFalse(Files.exists(cache));
        assertEquals(before, files());
    }

    private Map<Path, FileTime> files() throws IOException {
        Map<Path, FileTime> files = new TreeMap<>();
        for (Path root : List.of(shared, folder)) {
            try (Stream<Path> all = Files.walk(root)) {
                for (Path file : all.toList()) {
                    files.put(file, Files.getLastModifiedTime(file));
                }
            }
        }
        return files;
    }

    @Test
    void plan_privacy_statesThePromise() {
        JsonObject plan = planned("--epsilon", "4", "--rounds", "2", "--fraction", "1");
        String promise = plan.get("privacy").getAsString();
        assertTrue(promise.contains("in 2 rounds each client spends at most epsilon 4.0"), promise);
    }

    @Test
    void plan_smallClients_advisesAnotherSelection() {
        JsonObject plan = planned("--selection", "fedhds", "--instances", "0.1");
        assertTrue(plan.get("advice").toString().contains("--selection recommended"), plan::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--model m", "--data d", "--model m --data d --share 2"})
    void plan_wrongOptions_isUsage(String options) {
        Outcome outcome = execute(("plan " + options).strip().split(" "));
        assertEquals(ExitStatus.USAGE, outcome.status(), outcome.err());
    }

    @Test
    void plan_missingData_isFailure() {
        Outcome outcome =
                execute("plan", "--model", "m", "--data", folder.resolve("none").toString());
        assertEquals(ExitStatus.FAILED, outcome.status(), outcome.err());
        assertTrue(outcome.err().contains("none"), outcome.err());
    }
}
