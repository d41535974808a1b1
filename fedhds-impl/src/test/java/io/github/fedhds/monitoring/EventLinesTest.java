package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.privacy.PrivacySpent;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of all events, and a file of them that a kill may have cut. */
class EventLinesTest {
    private static final ClientId A = new ClientId("a \"quoted\" <b>");

    @TempDir
    private Path folder = Path.of("");

    private final List<String> lines = new ArrayList<>();
    private final EventLines events = new EventLines(
            "mine", lines::add, Clock.fixed(Instant.parse("2026-01-02T03:04:05.006789Z"), ZoneOffset.UTC));

    private static RoundReport report(int round) {
        return new RoundReport(
                new RoundResult(
                        round, Adapter.empty(), 1, 1, 2, 1, 1, 3, 1.5, 1, TrainingCounts.NONE, Optional.of("too few")),
                "digest",
                List.of(A),
                new RoundReport.Seconds(1, 2, 3, 4, 5),
                new RoundReport.Bytes(6, 7),
                new FeatureCache.Statistics(1, 2, 0, 0),
                List.of(A),
                OptionalDouble.of(0.5),
                Optional.of(new PrivacySpent(1, 8, 1e-5, true)),
                List.of(new Finding(Finding.Kind.UNEQUAL_CORESETS, round, List.of(A), 0.75, 0.5)));
    }

    /** Every event with every field. */
    private void all() {
        Adapter adapter = new Adapter(Map.of("w", new Tensor(new int[] {1}, new float[1])));
        RoundOpening opening = new RoundOpening("run", 2, List.of(A), 1, adapter, Map.of(), Optional.empty());
        CentroidReport report =
                new CentroidReport("run", 2, A, List.of(new Centroid(0, new double[2])), 12, opening.digest());
        AdapterUpdate update = new AdapterUpdate("run", 2, A, adapter, 3, 1.25);
        Withdrawal withdrawal = new Withdrawal("run", 2, A, Refusal.NOTHING_TRAINED, "none", TrainingCounts.NONE);
        events.resumed(List.of(report(1)), Optional.of("damaged"));
        events.opened(opening);
        events.worked(2, A, Duration.ofMillis(1500));
        events.answered(report, Receipt.accepted(report));
        events.selected(2, Map.of(A, GroupSelection.of(report, List.of(0))));
        events.answered(update, Receipt.refused(update, Refusal.TOO_FAR, "too far"));
        events.answered(withdrawal, Receipt.accepted(withdrawal));
        events.failed(2, A, new IllegalStateException("broken"));
        events.closed(report(2));
        events.stopped(new BestRound(1, 0.5, Adapter.empty()));
        events.untrained(new UntrainedRun(UntrainedRun.Cause.ALL_VOID, Map.of(), false, "all void"));
    }

    private List<JsonObject> parsed() {
        return lines.stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    @Test
    void lines_ofAllEvents_areOneObjectEachWithTimeAndRun() {
        all();
        for (String line : lines) {
            assertEquals(1, line.lines().count());
            JsonObject json = JsonParser.parseString(line).getAsJsonObject();
            assertEquals("2026-01-02T03:04:05.006Z", json.get("time").getAsString());
            assertEquals("mine", json.get("run").getAsString());
        }
        JsonObject update = parsed().get(5);
        assertEquals("message", update.get("event").getAsString());
        assertEquals(2, update.get("round").getAsInt());
        assertEquals(A.value(), update.get("client").getAsString());
        assertEquals("update", update.get("kind").getAsString());
        assertEquals("refused", update.get("status").getAsString());
        assertEquals("too-far", update.get("refusal").getAsString());
        assertEquals(1.25, update.get("loss").getAsDouble());
        JsonObject round = parsed().get(9);
        assertEquals(3, round.get("selected").getAsInt());
        assertEquals(0.5, round.get("score").getAsDouble());
    }

    @Test
    void lossThatIsNoNumber_isLeftOut() {
        AdapterUpdate update = new AdapterUpdate("run", 1, A, Adapter.empty(), 1, Double.NaN);
        events.answered(update, Receipt.accepted(update));
        assertFalse(parsed().get(0).has("loss"));
    }

    private static String page() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path root = Files.exists(here.resolve("src/site")) ? here : Objects.requireNonNull(here.getParent());
        return Files.readString(root.resolve("src/site/markdown/events.md"));
    }

    /** Names in code font of a table's column. */
    private static TreeSet<String> names(String column) {
        return Pattern.compile("`([a-z_0-9]+)`")
                .matcher(column)
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void pageOnEvents_hasEveryEventWithItsFields() throws IOException {
        all();
        SortedMap<String, TreeSet<String>> there = new TreeMap<>();
        parsed().forEach(json -> there.computeIfAbsent(json.get("event").getAsString(), name -> new TreeSet<>())
                .addAll(json.keySet()));
        there.values().forEach(fields -> fields.removeAll(List.of("event", "time", "run", "round")));
        SortedMap<String, TreeSet<String>> told = new TreeMap<>();
        String table = page().split("\n## ")[1];
        for (MatchResult row : Pattern.compile("(?m)^\\| `([a-z]+)` \\|([^|]*)\\|([^|]*)\\|$")
                .matcher(table)
                .results()
                .toList()) {
            told.put(row.group(1), names(row.group(3)));
        }
        assertEquals(there, told);
    }

    private EventFile file(String run) {
        return new EventFile(folder.resolve("out").resolve("events.jsonl"), run);
    }

    private String content() throws IOException {
        return Files.readString(folder.resolve("out").resolve("events.jsonl"));
    }

    private List<String> rounds() throws IOException {
        return content()
                .lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .filter(json -> json.get("event").getAsString().equals("round"))
                .map(json -> json.get("round").getAsString())
                .toList();
    }

    private static RoundOpening opening(int round) {
        return new RoundOpening("run", round, List.of(A), 1, Adapter.empty(), Map.of(), Optional.empty());
    }

    private static EventFile run(EventFile file, int first, int last) {
        EventLines lines = new EventLines("mine", file);
        if (first > 1) {
            List<RoundReport> past = new ArrayList<>();
            for (int round = 1; round < first; round++) {
                past.add(report(round));
            }
            file.resumed(past, Optional.empty());
            lines.resumed(past, Optional.empty());
        }
        for (int round = first; round <= last; round++) {
            file.opened(opening(round));
            lines.opened(opening(round));
            file.closed(report(round));
            lines.closed(report(round));
        }
        return file;
    }

    @Test
    void file_ofARunKilledAnywhere_hasEachRoundOnceAfterTheResume() throws IOException {
        run(file("mine"), 1, 3);
        String whole = content();
        for (int cut = 0; cut <= whole.length(); cut += 101) {
            for (int next = 2; next <= 4; next++) { // the checkpoint may have fewer rounds than the file, or more
                Files.writeString(folder.resolve("out").resolve("events.jsonl"), whole.substring(0, cut));
                run(file("mine"), next, 5);
                assertEquals(List.of("1", "2", "3", "4", "5"), sorted(rounds()), "cut at " + cut);
                long opened = content()
                        .lines()
                        .filter(line -> line.contains("\"opened\",") && line.contains("\"round\":5"))
                        .count();
                assertEquals(1, opened);
            }
        }
    }

    private static List<String> sorted(List<String> rounds) {
        return rounds.stream().sorted().toList();
    }

    @Test
    void file_ofANewRun_isOverwrittenOnlyWhenTheRunBegins() throws IOException {
        run(file("mine"), 1, 3);
        EventFile next = file("mine");
        EventLines lines = new EventLines("mine", next);
        lines.write("start", Map.of("settings", Map.of("seed", 1)));
        assertEquals(3, rounds().size(), "a run that is refused changes nothing");
        run(next, 1, 1);
        assertEquals(List.of("1"), rounds());
        assertTrue(content().startsWith("{\"event\":\"start\""), "what came before is not lost");
    }

    @Test
    void file_withForeignLines_losesOnlyThese() throws IOException {
        run(file("mine"), 1, 2);
        Files.writeString(
                folder.resolve("out").resolve("events.jsonl"),
                content() + "[]\nnull\n{}\n{\"event\":\"round\",\"round\":\"x\"}\n");
        run(file("mine"), 3, 3);
        assertEquals(List.of("1", "2", "3"), rounds());
        assertFalse(content().contains("\"x\""));
    }
}
