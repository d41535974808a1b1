package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that train on nothing: the status, the option that helps, and that no adapter looks as if it were trained. */
class NothingTrainedTest extends OnMainJob {
    private static void assertNothing(Outcome outcome, Path out, String... told) throws IOException {
        assertEquals(3, outcome.status(), outcome.out() + outcome.err());
        String last = outcome.out().lines().reduce("", (a, b) -> b);
        assertTrue(last.startsWith("nothing was trained, so there is no adapter: "), outcome.out());
        for (String part : told) {
            assertTrue(last.contains(part), last);
        }
        assertFalse(Files.exists(out.resolve("adapter")));
        assertFalse(Files.exists(out.resolve("adapter-best")));
        assertEquals(0, rounds(out).get(0).get("selected").getAsInt());
    }

    @Test
    void noGroupFoundOrChosen_namesWhatGivesMore() throws IOException {
        writeLines(folder.resolve("few.jsonl"), 3, 3);
        Path out = folder.resolve("out");
        Outcome outcome = ownOn(folder.resolve("few.jsonl"), out, "--selection", "fedhds", "--evaluate-every", "1");
        assertNothing(outcome, out, "no client found groups", "--instances", "--clients", "--selection recommended");
        assertTrue(outcome.out().contains("nothing trained on: the adapter stays as it was"), outcome.out());
        Outcome trained = ownOn(folder.resolve("few.jsonl"), folder.resolve("default"));
        assertEquals(0, trained.status(), trained.out());
        assertTrue(changesTheModel(adapter(folder.resolve("default"))), "the default trains on the same data");
    }

    @Test
    void everyAnswerTooLong_namesMaxLength() throws IOException {
        writeLines(folder.resolve("one.jsonl"), 1, 8); // one task: none is held out, so nothing is evaluated
        String lines = Files.readString(folder.resolve("one.jsonl"));
        Files.writeString(folder.resolve("one.jsonl"), lines.replaceAll("(\"output\":\")", "$1" + "b".repeat(600)));
        Path out = folder.resolve("out");
        Outcome shorter = ownOn(folder.resolve("one.jsonl"), out, "--selection", "full", "--max-length", "300");
        assertNothing(shorter, out, "8 chosen samples were too long", "--max-length 300; raise it, at most to 512");
        Path most = folder.resolve("most");
        Outcome outcome = ownOn(folder.resolve("one.jsonl"), most, "--selection", "full");
        assertNothing(outcome, most, "the model's context length of 512; shorten the answers");
    }

    @Test
    void tooShortForTheTemplate_isRefusedBeforeTheRun() throws IOException {
        writeLines(folder.resolve("one.jsonl"), 1, 8);
        Path out = folder.resolve("out");
        for (String answer : List.of("1", "4", "100")) {
            Outcome outcome = ownOn(folder.resolve("one.jsonl"), out, "--max-length", "60", "--answer-tokens", answer);
            assertEquals(1, outcome.status());
            assertTrue(
                    outcome.err().contains("--max-length 60 is too small: the prompt template alone has"),
                    outcome.err());
            assertFalse(outcome.err().contains("--answer-tokens"), "no number of them helps: " + outcome.err());
        }
        assertFalse(Files.exists(out));
        int template = Integer.parseInt(ownOn(folder.resolve("one.jsonl"), out, "--max-length", "60")
                .err()
                .replaceAll("(?s).*alone has (\\d+) .*", "$1"));
        String length = String.valueOf(template + 8);
        Outcome answers = own(out, "--max-length", length, "--answer-tokens", "30");
        assertTrue(answers.err().contains("or lower --answer-tokens to 8 or less"), answers.err());
        assertEquals(0, own(out, "--max-length", length, "--answer-tokens", "8").status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"recommended", "fedhds", "balanced", "random", "full"})
    void weightThatIsNotFinite_isCalledDamage(String selection) throws IOException {
        Path model = folder.resolve("model");
        TinyModel.write(Files.createDirectories(model));
        Map<String, Tensor> weights = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            file.names().forEach(name -> weights.put(name, file.readTensor(name)));
        }
        String name = "model.layers.0.mlp.up_proj.weight";
        weights.computeIfPresent(name, (key, tensor) -> {
            float[] values = tensor.toArray();
            values[7] = Float.NaN;
            return new Tensor(tensor.shape(), values);
        });
        SafetensorsWriter.write(model.resolve("model.safetensors"), weights, Map.of());
        String damage = "model.safetensors: tensor " + name + " holds NaN at 7, so the model is damaged";

        writeLines(folder.resolve("one.jsonl"), 1, 8);
        Path out = folder.resolve("out");
        Outcome alone = ownOn(folder.resolve("one.jsonl"), out, "--model", model.toString(), "--selection", selection);
        if (selection.equals("recommended")
                || selection.equals("balanced")
                || selection.equals("fedhds")) { // features fail in the middle of a round's line
            assertEquals(1, alone.status());
            assertTrue(alone.err().contains(damage), alone.err());
            assertTrue(alone.out().endsWith(": 1 clients" + System.lineSeparator()), alone.out());
            assertFalse(Files.exists(out.resolve("adapter")));
        } else {
            assertNothing(alone, out, damage);
            assertFalse(alone.out().contains("--learning-rate"), alone.out());
        }
        Outcome evaluated = own(folder.resolve("no"), "--model", model.toString(), "--selection", selection);
        assertEquals(1, evaluated.status());
        assertTrue(evaluated.err().contains(damage), evaluated.err());
        assertFalse(Files.exists(folder.resolve("no")));
    }

    private static String causes(int centroids, int chosen, int tooLong, int notFinite, Optional<String> reason) {
        RoundReport report = new RoundReport(
                new RoundResult(
                        1,
                        Adapter.empty(),
                        2,
                        2,
                        centroids,
                        chosen,
                        0,
                        0,
                        Double.NaN,
                        0,
                        new TrainingCounts(notFinite, tooLong, 0),
                        reason),
                "",
                List.of(new ClientId("a")),
                new RoundReport.Seconds(0, 0, 0, 0, 0),
                new RoundReport.Bytes(0, 0),
                FeatureCache.Statistics.NONE,
                List.of(),
                OptionalDouble.empty());
        NothingTrained.Help help = new NothingTrained.Help("SAMPLES", "CLIENTS", "LONGER");
        return NothingTrained.causes(List.of(report, report), help, Optional.empty());
    }

    @Test
    void causes_areThoseThatWereMet() {
        assertEquals("no group was chosen in any round; CLIENTS", causes(7, 0, 0, 0, Optional.empty()));
        assertEquals("no client found groups among its samples; SAMPLES", causes(0, 0, 0, 0, Optional.empty()));
        assertEquals("4 chosen samples were too long; LONGER", causes(7, 3, 2, 0, Optional.empty()));
        assertTrue(causes(7, 3, 0, 2, Optional.empty()).startsWith("the loss of 4 training steps was not finite"));
        assertTrue(causes(7, 3, 0, 2, Optional.empty()).contains("lower --learning-rate"));
        assertTrue(causes(7, 3, 1, 1, Optional.empty()).contains("; 2 chosen samples were too long"));
        assertEquals("rounds were void: 1 of 2", causes(7, 3, 0, 0, Optional.of("1 of 2")));
        assertTrue(causes(7, 3, 0, 0, Optional.empty()).startsWith("no update was accepted"));
    }
}
