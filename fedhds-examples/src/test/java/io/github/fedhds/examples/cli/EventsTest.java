package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The events and the report of the main job. */
class EventsTest extends OnMainJob {
    private static List<JsonObject> events(Path run) throws IOException {
        return Files.readAllLines(run.resolve("events.jsonl")).stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    private static List<String> names(List<JsonObject> events) {
        return events.stream().map(event -> event.get("event").getAsString()).toList();
    }

    private static SortedMap<String, TreeSet<String>> ownEventsOfThePage() throws IOException {
        Path root = Objects.requireNonNull(Path.of("").toAbsolutePath().getParent());
        String table =
                Files.readString(root.resolve("src/site/markdown/events.md")).split("\n## ")[2];
        SortedMap<String, TreeSet<String>> told = new TreeMap<>();
        for (MatchResult row : Pattern.compile("(?m)^\\| `([a-z]+)` \\|([^|]*)\\|([^|]*)\\|$")
                .matcher(table)
                .results()
                .toList()) {
            told.put(
                    row.group(1),
                    Pattern.compile("`([a-z_]+)`")
                            .matcher(row.group(3))
                            .results()
                            .map(name -> name.group(1))
                            .collect(Collectors.toCollection(TreeSet::new)));
        }
        return told;
    }

    @Test
    void json_hasOnlyTheEventsOnStandardOutput_andTheFileTheSame() throws IOException {
        Path out = folder.resolve("run");
        Outcome outcome =
                own(out, "--json", "", "--rounds", "2", "--fraction", "1", "--share", "0.1", "--evaluate-every", "1");
        assertEquals(0, outcome.status(), outcome.err());
        assertEquals(Files.readString(out.resolve("events.jsonl")), outcome.out());
        List<JsonObject> events = events(out);
        List<String> names = names(events);
        assertEquals("start", names.get(0));
        assertEquals("end", names.get(names.size() - 1));
        assertEquals(2, names.stream().filter("round"::equals).count());
        SortedMap<String, TreeSet<String>> told = ownEventsOfThePage();
        assertEquals(new TreeSet<>(List.of("end", "evaluated", "map", "start")), new TreeSet<>(told.keySet()));
        for (JsonObject event : events) {
            TreeSet<String> fields = new TreeSet<>(event.keySet());
            fields.removeAll(List.of("event", "time", "run", "round"));
            TreeSet<String> listed = told.get(event.get("event").getAsString());
            assertTrue(listed == null || listed.containsAll(fields), event.toString());
        }
        List<JsonObject> maps = events.stream()
                .filter(event -> event.get("event").getAsString().equals("map"))
                .toList();
        assertTrue(maps.stream().anyMatch(map -> map.get("of").getAsString().equals("server")));
        assertTrue(maps.stream().anyMatch(map -> map.get("of").getAsString().equals("client")));
        for (JsonObject map : maps) {
            int points = map.getAsJsonArray("x").size();
            assertEquals(points, map.getAsJsonArray("y").size());
            assertEquals(points, map.getAsJsonArray("label").size());
            assertTrue(points > 0 && points <= map.get("total").getAsInt());
        }
        String report = Files.readString(out.resolve("report.html"));
        assertTrue(
                report.contains("The run is complete.") && report.contains("Server: centroids of the clients"), report);
        assertFalse(report.contains(" and aaa"), "no instruction is in the report");
        assertFalse(Files.readString(out.resolve("events.jsonl")).contains(" and aaa"));
    }

    @Test
    void protectedRuns_haveNoMapOfSamples() throws IOException {
        String[][] options = {{"--epsilon", "20"}, {"--secure-aggregation", ""}};
        for (String[] option : options) {
            Path out = folder.resolve(option[0].substring(2));
            Outcome outcome = own(out, option[0], option[1], "--clients", "4", "--fraction", "1", "--share", "0.1");
            assertEquals(0, outcome.status(), outcome.err());
            assertFalse(Files.readString(out.resolve("events.jsonl")).contains("\"of\":\"client\""), option[0]);
            String report = Files.readString(out.resolve("report.html"));
            assertTrue(report.contains("so there are no maps of their samples"), report);
            assertEquals(
                    option[0].equals("--secure-aggregation"),
                    report.contains("With secure aggregation no single update is visible"));
        }
    }

    @Test
    void resume_keepsTheEventsOfEarlierRounds() throws IOException {
        Path out = folder.resolve("run");
        String[] options = {"--fraction", "1", "--selection", "full"};
        own(out, with(options, "--rounds", "2"));
        Outcome outcome = resume(out, with(options, "--rounds", "3"));
        assertEquals(0, outcome.status(), outcome.err());
        List<JsonObject> events = events(out);
        assertEquals(
                List.of(1, 2, 3),
                events.stream()
                        .filter(event -> event.get("event").getAsString().equals("round"))
                        .map(event -> event.get("round").getAsInt())
                        .toList());
        assertEquals(2, names(events).stream().filter("start"::equals).count());
        assertTrue(Files.readString(out.resolve("report.html")).contains("3 of 3"));
        String before = Files.readString(out.resolve("events.jsonl"));
        Outcome refused = resume(out, with(options, "--rounds", "4", "--seed", "2"));
        assertEquals(1, refused.status());
        assertEquals(before, Files.readString(out.resolve("events.jsonl")), "a refused run changes nothing");
    }
}
