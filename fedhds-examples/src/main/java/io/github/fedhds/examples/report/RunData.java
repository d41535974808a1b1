package io.github.fedhds.examples.report;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the events of a run tell, in the form that its report needs. Lines that are no events are left out. */
final class RunData {
    private static final Gson GSON = new Gson();

    String run = "";
    String begun = "";
    String newest = "";
    Map<String, String> settings = new LinkedHashMap<>();
    Map<String, String> versions = new LinkedHashMap<>();
    String noMaps = "";
    String status = "";
    String reason = "";
    final List<String> notes = new ArrayList<>();
    OptionalDouble baseScore = OptionalDouble.empty();
    OptionalDouble lastScore = OptionalDouble.empty();
    final NavigableMap<Integer, RoundData> rounds = new TreeMap<>();
    final SortedMap<String, ClientData> clients = new TreeMap<>();
    final List<JsonObject> findings = new ArrayList<>();
    final Map<String, Integer> refusals = new LinkedHashMap<>();
    final List<String> refusalReasons = new ArrayList<>();
    final List<MapEvent> maps = new ArrayList<>(); // of the newest round that has some

    /** A round, and the bytes of its messages by their kind. */
    static final class RoundData {
        Optional<JsonObject> line = Optional.empty();
        long held;
        int refused;
        int withdrawn;
        long openings;
        long selections;
        long centroids;
        long updates;
        long otherUp;

        /** A number of the round's line; empty if it has none. */
        OptionalDouble number(String name) {
            return line.map(json -> RunData.number(json, name)).orElse(OptionalDouble.empty());
        }

        /** A number of an object within the round's line; 0 if there is none. */
        double number(String part, String name) {
            return line.filter(json -> json.has(part) && json.get(part).isJsonObject())
                    .map(json -> RunData.number(json.getAsJsonObject(part), name))
                    .orElse(OptionalDouble.empty())
                    .orElse(0);
        }
    }

    /** What is known of a client, over all rounds. */
    static final class ClientData {
        int rounds;
        int trained;
        long samples;
        long held;
        double lossTimesSamples;
        long samplesWithLoss;
        double seconds;
        long bytes;
        int refusals;
        int withdrawals;
        int failures;

        /** The mean loss of its samples; NaN if it never told one. */
        double loss() {
            return samplesWithLoss == 0 ? Double.NaN : lossTimesSamples / samplesWithLoss;
        }

        int faults() {
            return refusals + withdrawals + failures;
        }
    }

    /** Reads the lines of a run. */
    static RunData read(Path events) throws IOException {
        RunData data = new RunData();
        if (Files.exists(events)) {
            try (BufferedReader reader = Files.newBufferedReader(events)) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    data.add(line);
                }
            }
        }
        return data;
    }

    void add(String line) {
        try {
            JsonElement json = JsonParser.parseString(line);
            if (json.isJsonObject()) {
                add(json.getAsJsonObject());
            }
        } catch (JsonParseException | UnsupportedOperationException | IllegalStateException | NumberFormatException e) {
            return; // a line that a crash has cut, or of another program
        }
    }

    private void add(JsonObject json) {
        int round = (int) number(json, "round").orElse(0);
        newest = text(json, "time");
        switch (text(json, "event")) {
            case "start" -> start(json);
            case "opened" -> {
                round(round).openings += (long) number(json, "bytes").orElse(0);
                json.getAsJsonArray("clients").forEach(client -> client(client.getAsString()).rounds++);
            }
            case "work" ->
                client(text(json, "client")).seconds += number(json, "seconds").orElse(0);
            case "message" -> message(round, json);
            case "selected" ->
                round(round).selections += (long) number(json, "bytes").orElse(0);
            case "failed" -> {
                client(text(json, "client")).failures++;
                reason(round, text(json, "client"), "failed", text(json, "reason"));
            }
            case "finding" -> findings.add(json);
            case "round" -> round(round).line = Optional.of(json);
            case "evaluated" -> {
                if (round == 0) {
                    baseScore = number(json, "score");
                } else {
                    lastScore = number(json, "score");
                }
            }
            case "map" -> map(json);
            case "stopped" ->
                notes.add("The run stopped early, because Rouge-L did not rise above the "
                        + Axis.label(number(json, "score").orElse(0)) + " of round "
                        + (int) number(json, "best_round").orElse(0) + ".");
            case "untrained" -> notes.add("Nothing was trained: " + text(json, "reason") + ".");
            case "end" -> {
                status = text(json, "status");
                reason = text(json, "reason");
            }
            default -> {} // of a newer version
        }
    }

    private void start(JsonObject json) {
        run = text(json, "run");
        begun = begun.isEmpty() ? text(json, "time") : begun;
        settings = texts(json, "settings");
        versions = texts(json, "versions");
        noMaps = text(json, "maps");
        status = ""; // goes on
        reason = "";
        notes.clear();
    }

    private static Map<String, String> texts(JsonObject json, String name) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (json.has(name)) {
            json.getAsJsonObject(name)
                    .entrySet()
                    .forEach(field -> texts.put(
                            field.getKey(),
                            field.getKey().equals("options") && field.getValue().isJsonObject()
                                    ? Figures.options(field.getValue().getAsJsonObject())
                                    : Figures.setting(field.getValue())));
        }
        return texts;
    }

    private void message(int round, JsonObject json) {
        RoundData of = round(round);
        ClientData client = client(text(json, "client"));
        String kind = text(json, "kind");
        long bytes = (long) number(json, "bytes").orElse(0);
        client.bytes += bytes;
        switch (kind) {
            case "centroids" -> of.centroids += bytes;
            case "update" -> of.updates += bytes;
            default -> of.otherUp += bytes;
        }
        if (text(json, "status").equals("refused")) {
            of.refused++;
            client.refusals++;
            refusals.merge("refused: " + text(json, "refusal"), 1, Integer::sum);
            reason(round, text(json, "client"), text(json, "refusal"), text(json, "reason"));
            return;
        }
        if (!text(json, "status").equals("accepted")) {
            return;
        }
        if (kind.equals("centroids")) {
            long held = (long) number(json, "held").orElse(0);
            of.held += held;
            client.held = held;
        } else if (kind.equals("update")) {
            long samples = (long) number(json, "samples").orElse(0);
            client.trained++;
            client.samples += samples;
            number(json, "loss").ifPresent(loss -> {
                client.lossTimesSamples += loss * samples;
                client.samplesWithLoss += samples;
            });
        } else if (kind.equals("withdrawal")) {
            of.withdrawn++;
            client.withdrawals++;
            refusals.merge("withdrew: " + text(json, "code"), 1, Integer::sum);
            reason(round, text(json, "client"), text(json, "code"), text(json, "reason"));
        }
    }

    private void reason(int round, String client, String code, String why) {
        refusalReasons.add("round " + round + ", " + client + ", " + code + ": " + why);
    }

    private void map(JsonObject json) {
        MapEvent map = GSON.fromJson(json, MapEvent.class);
        if (!maps.isEmpty() && maps.get(0).round() != map.round()) {
            maps.clear();
        }
        maps.add(map);
    }

    private RoundData round(int round) {
        return rounds.computeIfAbsent(round, number -> new RoundData());
    }

    private ClientData client(String name) {
        return clients.computeIfAbsent(name, id -> new ClientData());
    }

    static String text(JsonObject json, String name) {
        return json.has(name) && json.get(name).isJsonPrimitive()
                ? json.get(name).getAsString()
                : "";
    }

    static OptionalDouble number(JsonObject json, String name) {
        if (!json.has(name) || !json.get(name).isJsonPrimitive()) {
            return OptionalDouble.empty();
        }
        double value = json.get(name).getAsDouble();
        return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    /** The rounds that are over, in order. */
    List<Map.Entry<Integer, RoundData>> ended() {
        return rounds.entrySet().stream()
                .filter(round -> round.getValue().line.isPresent())
                .toList();
    }

    /** The scores of rounds, with that of the base model as round 0, and one that was measured after the run. */
    Series scores() {
        Series ofRounds = series("score");
        List<Integer> numbers = new ArrayList<>(ofRounds.rounds());
        List<Double> values = new ArrayList<>(ofRounds.values());
        baseScore.ifPresent(score -> {
            numbers.add(0, 0);
            values.add(0, score);
        });
        int last = ended().isEmpty() ? 0 : ended().get(ended().size() - 1).getKey();
        if (last > 0 && lastScore.isPresent() && !numbers.contains(last)) {
            numbers.add(last);
            values.add(lastScore.getAsDouble());
        }
        return new Series(numbers, values);
    }

    /** A number of each round that has it. */
    Series series(String name) {
        List<Integer> numbers = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (Map.Entry<Integer, RoundData> round : ended()) {
            round.getValue().number(name).ifPresent(value -> {
                numbers.add(round.getKey());
                values.add(value);
            });
        }
        return new Series(numbers, values);
    }
}
