package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.peft.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job on a model of random weights: what it leaves in its folder, and says. */
class MainTest extends OnMainJob {
    @Test
    void ownRun_jsonLines_leavesAdapterRoundsAndConfig() throws IOException {
        Path out = folder.resolve("new/out");
        Outcome outcome = own(out, "--rounds", "2", "--fraction", "1", "--evaluate-every", "1");
        assertEquals(0, outcome.status(), outcome.err());

        PeftFolder peft = PeftFolder.read(out.resolve("adapter"));
        assertEquals(shared.resolve("model").toString(), peft.baseModelName());
        String card = Files.readString(out.resolve("adapter/README.md"));
        for (String part :
                List.of("base_model: ", "| rounds | 2 |", "| selection | ", "| Rouge-L on unseen tasks | 0")) {
            assertTrue(card.contains(part), () -> part + " in " + card);
        }
        assertTrue(Files.readString(out.resolve("adapter-best/README.md")).contains("| round | "));
        assertTrue(Files.exists(out.resolve("adapter/tokenizer.json")));
        assertTrue(changesTheModel(peft.adapter()), outcome.out());
        assertTrue(Files.exists(out.resolve("adapter/adapter_config.json")));

        List<JsonObject> rounds = rounds(out);
        assertEquals(2, rounds.size());
        for (int i = 0; i < 2; i++) {
            JsonObject round = rounds.get(i);
            round.remove("findings"); // only where the diagnosis has some
            assertEquals(
                    Set.of(
                            "round",
                            "clients",
                            "centroids",
                            "selected_groups",
                            "selected",
                            "updates",
                            "loss",
                            "withdrawals",
                            "left_out",
                            "seconds",
                            "score",
                            "reports",
                            "feature_rows",
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
                .getAsJsonObject()
                .getAsJsonObject("run");
        assertEquals(8, config.get("clients").getAsInt());
        assertEquals(320, config.get("instructions").getAsInt());
        assertEquals(40, config.get("unseen_instructions").getAsInt());
        assertEquals(2, config.get("rounds").getAsInt());
        assertEquals("recommended", config.get("selection").getAsString());
        assertTrue(config.getAsJsonArray("target_modules").size() > 0, config::toString);
        assertEquals("cpu", config.get("device").getAsString());

        assertTrue(outcome.out().contains("8 clients with 320 instructions of 8 tasks"), outcome.out());
        assertTrue(outcome.out().contains("recommended, round 2 of 2: 8 clients"), outcome.out());
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
        assertTrue(
                first.out()
                        .matches("(?s).*choosing needs the features of about 320 instructions \\([1-9]\\d+ tokens\\)"
                                + " in 2 rounds, each computed once\n.*round 1 of 2.*features take about \\d+ s in all 2 rounds\n.*"
                                + "choosing took [0-9.]+ s: features [0-9.]+ s \\(320 instructions computed, about [1-9]\\d+ tokens\\),"
                                + " groups [0-9.]+ s; [1-9]\\d+ bytes of centroids; training took [0-9.]+ s, on all instructions about"
                                + " \\d+ s at this run's rate\n.*"),
                first.out());
        Outcome again = own(folder.resolve("2"), turbo);
        assertTrue(again.out().contains(" (0 instructions computed, about 0 tokens)"), again.out());
        assertFalse(again.out().contains("features take"), again.out());
        assertTrue(again.out().contains("feature rows: 0 computed, 640 taken from the cache\n"), again.out());
        assertArrayEquals(weights(folder.resolve("1")), weights(folder.resolve("2")));
        assertTrue(changesTheModel(adapter(folder.resolve("1"))), first.out());
        assertEquals(
                JsonParser.parseString("{\"hits\":0,\"misses\":320,\"damaged\":0,\"unkept\":0}"),
                rounds(folder.resolve("1")).get(0).get("feature_rows"));
        String config = Files.readString(folder.resolve("1/config.json"));
        assertTrue(config.contains("feature_model") && config.contains("feature_cache"), config);

        assertFalse(config.contains("feature_layers"), config);

        Outcome memory = own(
                folder.resolve("3"),
                "--feature-model",
                small,
                "--feature-layers",
                "1", // all of them
                "--rounds",
                "2",
                "--fraction",
                "1");
        assertTrue(Files.readString(folder.resolve("3/config.json")).contains("\"feature_layers\": 1"));
        assertTrue(memory.out().contains("feature rows: 320 computed, 320 taken"), memory.out());
        assertArrayEquals(weights(folder.resolve("1")), weights(folder.resolve("3")));
        Outcome tuned = own(folder.resolve("4"), "--selection", "fedhds");
        assertFalse(tuned.out().contains("feature rows"));
        assertTrue(tuned.out().contains(" tokens) in 1 round, computed again in each round\n"), tuned.out());
        assertFalse(own(folder.resolve("5"), "--selection", "full").out().contains("choosing"));
    }

    @Test
    void ownRun_naturalInstructions_leavesAnAdapter() throws IOException {
        Outcome outcome = ownOn(shared.resolve("natural"), folder.resolve("out"), "--selection", "full");
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(
                outcome.out()
                        .contains(
                                "3 clients with 12 instructions of 3 tasks, 20 instructions of 1 unseen task; device cpu"),
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
    @CsvSource({
        "fedhds, tsne",
        "fedhds, pca",
        "fedhds, last-layer",
        "recommended, tsne",
        "balanced, tsne",
        "random, tsne",
        "full, tsne"
    })
    void ownRun_everySelectionAndFusion_works(String selection, String fusion) throws IOException {
        Path out = folder.resolve("out");
        List<String> options = new ArrayList<>(List.of("--selection", selection, "--fraction", "0.5"));
        if (!selection.equals("random") && !selection.equals("full")) {
            options.addAll(List.of("--fusion", fusion));
        }
        if (!selection.equals("fedhds") && !selection.equals("full")) {
            options.addAll(List.of("--share", "0.1"));
        }
        Outcome outcome = own(out, options.toArray(new String[0]));
        assertEquals(rounds(out).get(0).get("selected").getAsInt() > 0 ? 0 : 3, outcome.status(), outcome.err());
        String config = Files.readString(out.resolve("config.json"));
        assertTrue(config.contains('"' + selection + '"'), config);
        assertEquals(options.contains("--fusion"), config.contains('"' + fusion + '"'), config);
        int samples = rounds(out).get(0).get("selected").getAsInt();
        assertEquals(samples > 0, Files.exists(out.resolve("adapter")) && changesTheModel(adapter(out)));
        switch (selection) {
            case "full" -> assertEquals(4 * 40, samples);
            case "random", "balanced" -> assertEquals(4 * 4, samples); // 0.1 of 40 each
            case "recommended" ->
                assertTrue(samples >= 4 && samples <= 4 * 4, () -> "chose " + samples); // groups found
            default -> assertTrue(samples < 4 * 40);
        }
    }

    @Test
    void ownRun_kMeans_makesSoManyGroupsOfEachClient() throws IOException {
        Path out = folder.resolve("out");
        String[] kMeans = {"--selection", "fedhds", "--clustering", "kmeans", "--fusion", "pca", "--fraction", "0.5"};
        Outcome outcome = own(out, with(kMeans, "--groups", "3"));
        assertTrue(outcome.status() == 0 || outcome.status() == ExitStatus.NOTHING_TRAINED, outcome.err());
        assertEquals(4 * 3, rounds(out).get(0).get("centroids").getAsInt());
        String config = Files.readString(out.resolve("config.json"));
        assertTrue(config.contains("\"kmeans\"") && config.contains("\"groups\": 3"), config);
        Outcome other = resume(out, with(kMeans, "--groups", "4"));
        assertEquals(1, other.status());
        assertTrue(other.err().contains("--groups 3"), other.err());
    }

    @Test
    void ownRun_targetModules_areThoseOfTheAdapter() throws IOException {
        Path out = folder.resolve("out");
        Outcome outcome = own(out, "--target-modules", "q_proj,v_proj", "--selection", "random");
        assertEquals(0, outcome.status(), outcome.err());
        PeftFolder peft = PeftFolder.read(out.resolve("adapter"));
        assertEquals(List.of("q_proj", "v_proj"), peft.config().targetModules());
        assertEquals(4, peft.adapter().tensors().size());
        JsonObject config = JsonParser.parseString(Files.readString(out.resolve("config.json")))
                .getAsJsonObject()
                .getAsJsonObject("run");
        assertEquals(JsonParser.parseString("[\"q_proj\", \"v_proj\"]"), config.get("target_modules"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fedhds", "recommended", "balanced", "random", "full"})
    void ownRun_clientsWithOneOrTwoInstructions_takePart(String selection) throws IOException {
        writeLines(folder.resolve("few.jsonl"), 3, 8);
        Path out = folder.resolve("out");
        Outcome outcome = ownOn( // the sixteen instructions of two tasks
                folder.resolve("few.jsonl"), out, "--selection", selection, "--clients", "12", "--fraction", "1");
        JsonObject round = rounds(out).get(0);
        assertEquals(round.get("selected").getAsInt() > 0 ? 0 : 3, outcome.status(), outcome.err());
        assertEquals(12, round.getAsJsonArray("clients").size());
        int samples = round.get("selected").getAsInt();
        if (selection.equals("full")) {
            assertEquals(16, samples);
        } else if (selection.equals("random")) {
            assertEquals(round.get("updates").getAsInt(), samples);
            assertEquals(12, samples);
        }
    }
}
