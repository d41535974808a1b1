package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.examples.cli.OnMainJob;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each program on a model of random weights and nine tasks, eight of which are clients. */
class OnePageProgramsTest {
    @TempDir
    private static Path shared = Path.of("");

    @TempDir
    private Path folder = Path.of("");

    private static Path model = Path.of("");
    private static Path data = Path.of("");

    @BeforeAll
    static void writeInputs() throws IOException {
        model = Files.createDirectories(shared.resolve("model"));
        data = shared.resolve("data.jsonl");
        TinyModel.write(model);
        OnMainJob.writeLines(data, 9, 20);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "OneRound",
                "OwnSelector",
                "OwnAggregator",
                "OwnTrainer",
                "OwnExtractor",
                "ResumeRun",
                "ExportAdapter",
                "SocketFederation"
            })
    void main_withoutArguments_printsOneLineOfUsage(String program) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.github.fedhds.examples." + program)
                .redirectErrorStream(true)
                .start();
        String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(2, process.waitFor(), told);
        assertTrue(told.startsWith("usage: " + program + " ") && told.lines().count() == 1, told);
    }

    @Test
    void oneRound_dataWithoutTasks_isRefusedByWhatIsMissing() throws IOException {
        Path plain = folder.resolve("plain.jsonl");
        Files.writeString(plain, "{\"instruction\": \"do\", \"output\": \"done\"}\n".repeat(3));
        String told = String.valueOf(assertThrows(IllegalArgumentException.class, () -> OneRound.run(model, plain))
                .getMessage());
        assertTrue(told.startsWith("3 of 3 instructions have no task"), told);
        assertTrue(told.contains("Partitions.dirichlet"), told);
    }

    @Test
    void oneRound_trainsAnAdapter() {
        RoundResult result = OneRound.run(model, data);
        assertEquals(8, result.reports());
        assertTrue(result.samples() > 0 && !result.isEmpty(), result::toString);
    }

    @Test
    void ownSelector_takesTheLongestAnswersOfEachClient() {
        RoundResult result = OwnSelector.run(model, data, 3);
        assertEquals(8 * 3, result.samples());

        List<Instruction> samples = Stream.of("bb", "dddd", "a", "ccc")
                .map(output -> new Instruction("do", "", output))
                .toList();
        Candidates candidates = Candidates.of(
                samples,
                2,
                () -> new Points(0, 2, new double[0]), // not asked for, so the wrong number does no harm
                score -> new double[0]);
        Coreset coreset = OwnSelector.longestAnswers(2).select(candidates, RoundContext.first());
        assertArrayEquals(new int[] {1, 3}, coreset.groups().get(0).representatives());
    }

    @Test
    void ownAggregator_countsEachClientTheSameInAnyOrder() {
        ClientId a = new ClientId("a");
        ClientId b = new ClientId("b");
        RoundContext round = new RoundContext("run", 1, Optional.empty(), 0, adapter(5), Map.of(), List.of(a, b));
        assertEquals(adapter(5), new OwnAggregator.PlainMean(round).finish());
        List<AdapterUpdate> updates = List.of(
                new AdapterUpdate("run", 1, a, adapter(1), 100, 0), new AdapterUpdate("run", 1, b, adapter(3), 1, 0));
        for (List<AdapterUpdate> order : List.of(updates, List.of(updates.get(1), updates.get(0)))) {
            OwnAggregator.PlainMean mean = new OwnAggregator.PlainMean(round);
            order.forEach(mean::accept);
            assertEquals(adapter(2), mean.finish());
        }
        assertTrue(OnMainJob.changesTheModel(OwnAggregator.run(model, data)));
    }

    /** Two clients, whose adapters both are the first one plus one. */
    @Test
    void ownTrainer_sendsWhatTheCommandWrote() throws IOException {
        Path two = folder.resolve("two.jsonl");
        OnMainJob.writeLines(two, 3, 20);
        Adapter trained = OwnTrainer.run(model, two, folder.resolve("work"), command("train"));
        Tensor b = trained.tensors().entrySet().stream()
                .filter(entry -> entry.getKey().contains("lora_B"))
                .findFirst()
                .orElseThrow()
                .getValue();
        assertEquals(1, b.get(0)); // the first adapter's B is 0

        List<String> failing = command("fail");
        Path work = folder.resolve("failed");
        String told =
                String.valueOf(assertThrows(FedHdsException.class, () -> OwnTrainer.run(model, two, work, failing))
                        .getMessage());
        assertTrue(told.contains("ended with status 3"), told);
    }

    private static List<String> command(String argument) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return List.of(java, "-cp", System.getProperty("java.class.path"), AddOne.class.getName(), argument);
    }

    @Test
    void ownExtractor_givesEqualTextsEqualRows_andTrains() {
        List<Instruction> samples = Stream.of("red red blue", "blue red red", "green")
                .map(input -> new Instruction("do", input, "done"))
                .toList();
        FeatureMatrix rows = OwnExtractor.words(64).extract(samples, RoundContext.first());
        assertArrayEquals(rows.row(0), rows.row(1));
        assertFalse(Arrays.equals(rows.row(0), rows.row(2)));
        double squares = 0;
        for (float value : rows.row(0)) {
            squares += (double) value * value;
        }
        assertEquals(1, squares, 1e-6);

        RoundResult result = OwnExtractor.run(model, data);
        assertEquals(8, result.reports());
        assertTrue(result.updates() > 0 && Double.isFinite(result.meanLoss()), result::toString);
    }

    private static Adapter adapter(float value) {
        return new Adapter(Map.of("q_proj.lora_A", new Tensor(new int[] {1, 2}, new float[] {value, -value})));
    }

    @Test
    void resumeRun_startedTwice_endsAsIfStartedOnce() {
        Path parts = folder.resolve("parts");
        assertEquals(1, ResumeRun.run(model, data, parts, 1).size());
        List<String> resumed = digests(ResumeRun.run(model, data, parts, 2));
        assertEquals(digests(ResumeRun.run(model, data, folder.resolve("whole"), 2)), resumed);
        assertNotEquals(resumed.get(0), resumed.get(1));
    }

    private static List<String> digests(List<RoundReport> rounds) {
        return rounds.stream().map(RoundReport::adapterSha256).toList();
    }

    @Test
    void exportAdapter_leavesAFolderThatAnswers() {
        Path out = folder.resolve("adapter");
        String answer = ExportAdapter.run(model, data, out, "Say a colour.");
        assertFalse(answer.length() > 128, answer); // a token is a character
        assertTrue(OnMainJob.changesTheModel(PeftFolder.read(out).adapter()));
    }
}
