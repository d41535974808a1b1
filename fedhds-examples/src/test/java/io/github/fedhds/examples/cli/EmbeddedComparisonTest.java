package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.examples.embedded.EmbeddedModel;
import io.github.fedhds.examples.embedded.corpus.InstructionSet;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded comparison in small: what it says of figures it does not decide itself. */
class EmbeddedComparisonTest {
    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = EmbeddedModel.load(ModelOptions.defaults().onDevice("cpu").withThreads(1));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void run_small_givesFourRowsThatBelongTogether() {
        InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
        List<Instruction> training = set.training(8).subList(0, 96);
        List<Instruction> unseen = set.unseen(1).subList(0, 4);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        EmbeddedComparison comparison = new EmbeddedComparison(
                new EmbeddedComparison.Options(
                        3, 1, 1, 1, 0.1, 1e-2, 2e-3, 2, FusionName.PCA, 2, Optional.empty(), false),
                new PrintStream(bytes, true, StandardCharsets.UTF_8));
        List<EmbeddedComparison.Row> rows = comparison.run(model, training, unseen);
        comparison.print(rows);
        String told = bytes.toString(StandardCharsets.UTF_8);

        List<String> names =
                List.of("base model", "recommended", "FedHDS (paper)", "random choice", "full data (FedIT)");
        assertEquals(names, rows.stream().map(EmbeddedComparison.Row::name).toList());
        assertTrue(comparison.trained(), told);
        assertEquals(0, rows.get(0).samples());
        assertEquals(0, rows.get(0).share());
        long chosen = rows.get(1).samples();
        assertTrue(chosen > 0 && chosen < 96, told);
        assertEquals(chosen / 96.0, rows.get(1).share(), 1e-12);
        assertTrue(rows.get(2).samples() > 0 && rows.get(2).samples() < 96, told);
        assertEquals(chosen, rows.get(3).samples());
        assertEquals(96, rows.get(4).samples());
        assertEquals(1, rows.get(4).share());
        for (EmbeddedComparison.Row row : rows) {
            double rougeL = row.evaluation().rougeL();
            assertTrue(rougeL >= 0 && rougeL <= 1, row::toString);
            assertEquals(4, row.evaluation().answers().size());
        }
        assertEquals(
                names,
                told.lines()
                        .dropWhile(line -> !line.contains("Rouge-L"))
                        .skip(1)
                        .limit(names.size())
                        .map(line -> line.substring(0, 18).strip())
                        .toList(),
                told);
        assertTrue(told.contains("100.00 %"), told);
    }

    @Test
    void run_whereFedHdsFindsNoGroup_showsTheRowsAndSaysSo(@TempDir Path folder) {
        InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        EmbeddedComparison comparison = new EmbeddedComparison(
                new EmbeddedComparison.Options(
                        3, 1, 1, 1, 0.1, 1e-2, 2e-3, 2, FusionName.PCA, 2, Optional.of(folder), false),
                new PrintStream(bytes, true, StandardCharsets.UTF_8));
        List<EmbeddedComparison.Row> rows = comparison.run(
                model, set.training(8).subList(0, 9), set.unseen(1).subList(0, 2));
        comparison.print(rows);
        String told = bytes.toString(StandardCharsets.UTF_8);
        assertEquals(5, rows.size());
        assertEquals(1, rows.get(1).samples(), "a client without groups sends one of all its samples");
        assertEquals(0, rows.get(2).samples());
        assertEquals(9, rows.get(4).samples());
        assertFalse(comparison.trained());
        assertTrue(told.contains("FedHDS trained on nothing: no client found groups among its samples; fewer"), told);
        assertFalse(told.contains("full data trained on nothing"), told);
        assertFalse(Files.exists(folder.resolve("fedhds/adapter")));
        assertTrue(Files.exists(folder.resolve("full/adapter/adapter_config.json")));
    }

    @Test
    void run_keptInAFolder_goesOnFromWhereItWas(@TempDir Path folder) throws IOException {
        InstructionSet set = new InstructionSet(EmbeddedComparison.INSTRUCTION_SEED);
        List<Instruction> training = set.training(8).subList(0, 96);
        List<Instruction> unseen = set.unseen(1).subList(0, 2);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Function<Boolean, List<EmbeddedComparison.Row>> run = resume -> new EmbeddedComparison(
                        new EmbeddedComparison.Options(
                                3, 2, 1, 1, 0.1, 1e-2, 2e-3, 2, FusionName.PCA, 2, Optional.of(folder), resume),
                        new PrintStream(bytes, true, StandardCharsets.UTF_8))
                .run(model, training, unseen);
        List<EmbeddedComparison.Row> first = run.apply(false);
        Path full = folder.resolve("full/checkpoint");
        Path random = folder.resolve("random/checkpoint");
        Files.delete(full.resolve("checkpoint")); // as if killed in the third row's second round
        Files.delete(full.resolve("checkpoint.1"));
        Files.move(random.resolve("checkpoint.1"), random.resolve("checkpoint"), StandardCopyOption.REPLACE_EXISTING);
        String message = String.valueOf(
                assertThrows(FedHdsException.class, () -> run.apply(false)).getMessage());
        assertTrue(message.contains("random holds an unfinished run after 1 rounds; go on by --resume"), message);

        bytes.reset();
        List<EmbeddedComparison.Row> again = run.apply(true);
        String told = bytes.toString(StandardCharsets.UTF_8);
        assertTrue(told.contains("recommended, resumed after round 2 of 2"), told);
        assertTrue(told.contains("random, resumed after round 1 of 2") && told.contains("random, round 2 of 2"), told);
        assertTrue(told.contains("full data, round 1 of 2") && !told.contains("FedHDS, round"), told);
        for (int i = 0; i < first.size(); i++) {
            assertEquals(
                    first.get(i).evaluation(),
                    again.get(i).evaluation(),
                    first.get(i).name());
            assertEquals(first.get(i).samples(), again.get(i).samples());
        }
        assertEquals(
                2,
                Files.readAllLines(folder.resolve("recommended/rounds.jsonl")).size());
        assertTrue(Files.exists(folder.resolve("full/adapter/adapter_model.safetensors")));
        assertEquals(first.size(), run.apply(false).size(), "all are over, so that they may go");
    }

    @Test
    void asManyAs_countsAddUpToTheOtherRunsSamples() {
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        for (int client = 0; client < 5; client++) { // 0, 3, 6, 9 and 12 instructions
            clients.put(
                    new ClientId("c" + client),
                    Collections.nCopies(3 * client, new Instruction("add", "1 and 1", "2")));
        }
        TunedRun.Setting setting = new TunedRun.Setting(FedHds.on(model).build(), clients, 3, 1, 9, 1);
        List<ClientId> all = List.copyOf(clients.keySet());
        TunedRun run = new TunedRun(
                Adapter.empty(), List.of(report(1, all, 7), report(2, all.subList(0, 3), 100), report(3, all, 0)));
        ToIntFunction<RoundContext> count = setting.asManyAs(run);
        int[] sums = new int[4];
        for (int round = 1; round <= 3; round++) {
            for (ClientId client : all) {
                int drawn = count.applyAsInt(
                        new RoundContext("run", round, Optional.of(client), 9, Adapter.empty(), Map.of()));
                assertTrue(drawn >= 0
                        && drawn <= clients.getOrDefault(client, List.of()).size());
                sums[round] += drawn;
            }
        }
        assertEquals(7, sums[1]);
        assertEquals(9, sums[2], "no more than the round's clients hold");
        assertEquals(0, sums[3]);
        assertEquals(107, run.samples());
        assertEquals(30 + 9 + 30, setting.held(run));
    }

    private static RoundReport report(int round, List<ClientId> clients, long samples) {
        RoundResult result =
                new RoundResult(round, Adapter.empty(), clients.size(), clients.size(), 1, 1, 1, samples, 1);
        return new RoundReport(
                result,
                "",
                clients,
                new RoundReport.Seconds(0, 0, 0, 0, 0),
                new RoundReport.Bytes(0, 0),
                FeatureCache.Statistics.NONE,
                List.of(),
                OptionalDouble.empty());
    }
}
