package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the main job refuses, and that it says why. */
class MainOptionsTest extends OnMainJob {
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
        "--samples-per-group, 2",
        "--clustering, kmeans",
        "--clustering, x",
        "--groups, 4",
        "--target-modules, q_proj|q_proj",
        "--target-modules, [",
        "--selection, FULL",
        "--epsilon, 0",
        "--epsilon, NaN",
        "--epsilon, -1",
        "--delta, 1e-5",
        "--clip, 1",
        "--report-centroids, 4",
        "--fusion, x",
        "--seed, x",
        "--nonsense, 1"
    })
    void badOption_isNamedWithStatus2(String option, String value) {
        Outcome outcome = own(folder.resolve("out"), option, value.replace('|', ','));
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
            {"--clustering", "kmeans"},
            {"--instances", "0.5"},
            {"--max-length", "100"},
            {"--target-modules", "q_proj"},
            {"--answer-tokens", "5"},
            {"--evaluate-every", "1"},
            {"--patience", "1"},
            {"--device", "cpu,cpu"},
            {"--feature-model", some},
            {"--feature-layers", "1"},
            {"--feature-cache", some},
            {"--feature-cache-size", "5"}
        }) {
            Outcome outcome = execute(arguments);
            String message = outcome.err().lines().findFirst().orElse("");
            assertEquals(2, outcome.status(), message);
            assertTrue(message.contains(arguments[0]) && message.contains("--model"), message);
        }
        assertFalse(Files.exists(folder.resolve("some")));
        Outcome outcome = execute("--resume");
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().startsWith("fedhds run: --resume needs --out"), outcome.err());
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
        fails(model, folder.resolve("nowhere").toString(), "there is no such file");
        fails(model, text.toString(), "is of no known kind");
        fails(model, empty.toString(), "the data set is empty");
        fails(model, broken.toString(), "line 2");
        fails(model, noTask.toString(), "--clients");
        fails(model, natural.toString(), "task1.json");
        fails(model, data, "cuda:99", "--device", "cuda:99");
        fails(model, data, "tpu", "--device", "tpu");
        fails(model, data, "cuda:99", "--device", "cpu,cuda:99");
        fails(model, data, "device is auto", "--device", "cpu,,cpu");
        fails(model, data, "--target-modules q_proj,x: target module x is not", "--target-modules", "q_proj,x");
        fails(model, data, "--max-length 2 is too small", "--max-length", "2");
        fails(model, data, "--max-length 2 is too small", "--max-length", "2", "--answer-tokens", "1");

        fails(model, data, "--feature-layers 2 is more than the 1 layers of", "--feature-layers", "2");
        fails(
                model,
                data,
                "no-model",
                "--feature-model",
                folder.resolve("no-model").toString());
        String file = Files.writeString(folder.resolve("in-the-way"), "").toString();
        fails(model, data, "feature cache", "--feature-model", model, "--feature-cache", file);
        Outcome alone = own(folder.resolve("out"), "--feature-cache", file, "--selection", "fedhds");
        assertEquals(2, alone.status());
        assertTrue(
                alone.err().startsWith("fedhds run: --feature-cache needs --selection recommended or --feature-model"),
                alone.err());
        Outcome size = own(folder.resolve("out"), "--feature-cache-size", "5");
        assertEquals(2, size.status());
        assertTrue(size.err().startsWith("fedhds run: --feature-cache-size needs --feature-cache"), size.err());

        Outcome embedded = execute("--device", "cuda:99");
        assertEquals(1, embedded.status());
        assertTrue(embedded.err().startsWith("fedhds run: device cuda:99"), embedded.err());

        Path kept = Files.writeString(folder.resolve("file"), "kept");
        Outcome outcome = own(kept);
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().contains("--out must be a folder"), outcome.err());
        Outcome within = own(kept.resolve("run"));
        assertTrue(within.status() == 2 && within.err().contains(kept + " is a file"), within.err());
        Outcome unset = execute("--model", model, "--data", data, "--out", "");
        assertTrue(unset.status() == 2 && unset.err().contains("was empty"), unset.err());
        for (String[] unused : new String[][] {
            {"--share", "0.1", "--selection", "full"},
            {"--share", "0.1", "--selection", "fedhds"},
            {"--fusion", "pca", "--selection", "random"},
            {"--feature-layers", "1", "--selection", "full"}
        }) {
            Outcome refused = own(folder.resolve("out"), unused);
            assertEquals(2, refused.status(), refused.out());
            assertTrue(
                    refused.err().contains(unused[0] + " changes nothing with --selection " + unused[3] + "; it needs"),
                    refused.err());
        }
        assertEquals("kept", Files.readString(kept));
    }

    @Test
    void clientsAtATime_areAtLeastTheDevices() {
        RunOptions options = new RunOptions();
        int cores = Runtime.getRuntime().availableProcessors();
        assertEquals(cores, options.parallel());
        options.devices = Collections.nCopies(cores + 3, "cpu");
        assertEquals(cores + 3, options.parallel());
    }

    private void fails(String model, String data, String told, String... more) {
        Path out = folder.resolve("out");
        List<String> all = new ArrayList<>(List.of("--model", model, "--data", data, "--out", out.toString()));
        all.addAll(List.of(more));
        Outcome outcome = execute(all.toArray(new String[0]));
        assertEquals(1, outcome.status(), outcome.err());
        assertTrue(outcome.err().startsWith("fedhds run: ") && outcome.err().contains(told), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertFalse(Files.exists(out), told);
    }

    @Test
    void help_listsAllOptions() {
        Outcome outcome = execute("help", "run");
        assertEquals(0, outcome.status());
        Set<String> options = runOptions();
        assertTrue(options.size() > 18);
        options.forEach(option -> assertTrue(outcome.out().contains(option), option));
        assertEquals("", outcome.err());
    }
}
