package io.github.fedhds.monitoring;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lines of a server's rounds, also after a crash at any moment. */
class ServerJsonLogTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");

    @TempDir
    private Path folder = Path.of("");

    private Path file() {
        return folder.resolve("logs").resolve("rounds.jsonl");
    }

    private FedHdsServer server(String run, Optional<ServerState> state) {
        FedHdsServerBuilder builder = FedHdsServer.builder()
                .runId(run)
                .clients(List.of(A, B))
                .sampler(ClientSampler.uniform(1))
                .selector(new EverySelector())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(adapter(0))
                .listener(new ServerJsonLog(file()));
        state.ifPresent(builder::restore);
        return builder.build();
    }

    private static Adapter adapter(float value) {
        return new Adapter(Map.of("w", new Tensor(new int[] {1}, new float[] {value})));
    }

    /** A round in which one client trains and the other withdraws. */
    private static void round(FedHdsServer server, float value) {
        String run = server.runId();
        int round = server.open().round();
        server.accept(new CentroidReport(run, round, A, List.of(new Centroid(0, new double[2]))));
        server.accept(new Withdrawal(run, round, B, Refusal.SETTINGS_DIFFER, "why", TrainingCounts.NONE));
        server.accept(new CentroidReport(run, round, B, List.of(new Centroid(1, new double[2]))));
        server.accept(new CentroidReport(run, round, B, List.of(new Centroid(1, new double[2]))));
        server.select();
        server.accept(new AdapterUpdate(run, round, A, adapter(value), 3, 1.25, new TrainingCounts(1, 2, 3), ""));
        server.aggregate();
    }

    private List<JsonObject> lines() throws IOException {
        String text = Files.readString(file());
        assertTrue(text.isEmpty() || text.endsWith("\n"), text);
        return text.lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    private List<String> rounds() throws IOException {
        return lines().stream()
                .map(line -> line.get("run").getAsString() + " " + line.get("round") + " "
                        + line.get("adapter_sha256").getAsString().substring(0, 4))
                .toList();
    }

    private static String line(String run, int round, float value) {
        return run + " " + round + " " + adapter(value).digest().substring(0, 4);
    }

    @Test
    void line_ofARound_saysWhatItCameTo() throws IOException {
        FedHdsServer server = server("run", Optional.empty());
        round(server, 5);
        JsonObject line = lines().get(0);
        assertTrue(line.remove("seconds").getAsJsonObject().get("wall").getAsDouble() > 0);
        assertEquals(JsonParser.parseString("""
                        {"run": "run", "round": 1, "clients": ["a", "b"], "reports": 1, "centroids": 1,
                         "selected_groups": 1, "selected": 3, "updates": 1, "loss": 1.25, "withdrawals": 1,
                         "left_out": {"steps_not_finite": 1, "samples_too_long": 2, "prompts_cut": 3},
                         "withdrawn": {"b": "settings-differ"}, "refused": {"wrong-groups": 2},
                         "adapter_sha256": "%s"}
                        """.formatted(adapter(5).digest())), line);
        server.open();
        server.abandon();
        JsonObject lost = lines().get(1);
        assertEquals("abandoned", lost.get("void").getAsString());
        assertEquals(adapter(5).digest(), lost.get("adapter_sha256").getAsString());
        assertFalse(lost.has("updates"));
    }

    @Test
    void log_ofARestoredServer_hasEachRoundOnceAndLosesNone() throws IOException {
        FedHdsServer server = server("run", Optional.empty());
        round(server, 1);
        round(server, 2);
        ServerState saved = server.state();
        round(server, 3); // the process ends before this round's state is saved
        server.open(); // and this one is never over
        FedHdsServer restored = server("run", Optional.of(saved));
        assertEquals(3, lines().size(), "nothing is removed before a round comes again");
        round(restored, 30);
        round(restored, 40);
        assertEquals(List.of(line("run", 1, 1), line("run", 2, 2), line("run", 3, 30), line("run", 4, 40)), rounds());

        FedHdsServer again = server("run", Optional.of(restored.state()));
        round(again, 5);
        assertEquals(5, lines().size());
        assertEquals(line("run", 5, 5), rounds().get(4));
    }

    @Test
    void log_ofSeveralRuns_keepsEach() throws IOException {
        FedHdsServer first = server("first", Optional.empty());
        ServerState begin = first.state();
        round(first, 1);
        round(server("second", Optional.empty()), 2);
        Files.writeString(file(), "a note of the operator\n", StandardOpenOption.APPEND);
        round(server("first", Optional.of(begin)), 3);
        List<String> text = Files.readAllLines(file());
        assertEquals(3, text.size());
        assertTrue(text.get(0).contains("\"second\""), text.toString());
        assertEquals("a note of the operator", text.get(1));
        assertTrue(
                text.get(2).contains("\"first\"")
                        && text.get(2).contains(adapter(3).digest()),
                text.toString());
    }

    /** Cut anywhere in the last line: after the restart the log is as if nothing had happened. */
    @Test
    void log_withATornLastLine_isRepaired() throws IOException {
        FedHdsServer server = server("run", Optional.empty());
        round(server, 1);
        ServerState saved = server.state();
        round(server, 2);
        byte[] whole = Files.readAllBytes(file());
        int first = Files.readAllLines(file()).get(0).length() + 1;
        for (int length = first; length <= whole.length; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            round(server("run", Optional.of(saved)), 2);
            assertEquals(List.of(line("run", 1, 1), line("run", 2, 2)), rounds(), "cut at " + length);
        }
        // A line that lacks its end alone is whole, where its round is in the state.
        ServerState both = server.state();
        Files.write(file(), Arrays.copyOf(whole, whole.length - 1));
        round(server("run", Optional.of(both)), 3);
        assertEquals(List.of(line("run", 1, 1), line("run", 2, 2), line("run", 3, 3)), rounds());
    }

    @Test
    void log_thatCannotBeWrittenForAWhile_getsItsLinesLater() throws IOException {
        FedHdsServer server = server("run", Optional.empty());
        round(server, 1);
        Path aside = folder.resolve("aside");
        Files.move(file(), aside);
        Files.createDirectory(file());
        round(server, 2); // the server logs a warning and goes on
        ServerState saved = server.state();
        round(server, 3);
        Files.delete(file());
        Files.move(aside, file());
        round(server, 4);
        assertEquals(List.of(line("run", 1, 1), line("run", 2, 2), line("run", 3, 3), line("run", 4, 4)), rounds());
        assertEquals(2, saved.round());
    }

    @Test
    void log_inAPlaceThatCannotBeWritten_isRefusedAtOnce() throws IOException {
        Path taken = Files.createDirectory(folder.resolve("taken"));
        assertFails(FedHdsException.class, () -> new ServerJsonLog(taken), "taken", "cannot be written");
    }
}
