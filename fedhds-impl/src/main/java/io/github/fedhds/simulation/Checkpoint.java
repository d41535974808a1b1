package io.github.fedhds.simulation;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.internal.RoundJson;
import io.github.fedhds.state.SavedRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A federation between two rounds. It is saved as the server's state with texts {@code settings} (a JSON object),
 * {@code past} (JSON lines), {@code end} and {@code best} (a JSON object), and the adapter {@code best}.
 *
 * @param settings other settings that the result depends on, by name
 * @param past the rounds that are over, without their adapters
 * @param end whether and how the run ended with the last of these rounds
 */
record Checkpoint(
        ServerState server,
        SortedMap<String, String> settings,
        List<RoundReport> past,
        Optional<BestRound> best,
        CheckpointFolder.End end) {
    private static final String SETTINGS = "settings";
    private static final String PAST = "past";
    private static final String BEST = "best";
    private static final String END = "end";

    Checkpoint {
        past = List.copyOf(past);
    }

    SavedRun toRun() {
        JsonObject named = new JsonObject();
        settings.forEach(named::addProperty);
        Map<String, String> texts = new HashMap<>();
        Map<String, Adapter> adapters = new HashMap<>();
        texts.put(SETTINGS, named.toString());
        texts.put(PAST, past.stream().map(report -> RoundJson.of(report) + "\n").collect(Collectors.joining()));
        texts.put(END, end.name());
        best.ifPresent(round -> {
            JsonObject json = new JsonObject();
            json.addProperty("round", round.round());
            json.addProperty("score", round.score());
            texts.put(BEST, json.toString());
            adapters.put(BEST, round.adapter());
        });
        return new SavedRun(server, texts, adapters);
    }

    /**
     * Converts a saved run to a federation's checkpoint.
     *
     * @param label source of the run, for messages
     * @throws FedHdsException if the run was not saved by a federation
     */
    static Checkpoint of(String label, SavedRun run) {
        try {
            SortedMap<String, String> settings = new TreeMap<>();
            JsonFile.parseObject(label, text(run, SETTINGS))
                    .entrySet()
                    .forEach(named ->
                            settings.put(named.getKey(), named.getValue().getAsString()));
            List<RoundReport> past = new ArrayList<>();
            text(run, PAST).lines().forEach(line -> past.add(RoundJson.read(JsonFile.parseObject(label, line))));
            Optional<BestRound> best = Optional.empty();
            Adapter adapter = run.adapters().get(BEST);
            if (adapter != null) {
                JsonObject json = JsonFile.parseObject(label, text(run, BEST));
                best = Optional.of(new BestRound(
                        json.get("round").getAsInt(), json.get("score").getAsDouble(), adapter));
            }
            return new Checkpoint(run.server(), settings, past, best, CheckpointFolder.End.valueOf(text(run, END)));
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    label + ": holds a run that no federation saved, or one of another version: " + e.getMessage(), e);
        } catch (IllegalStateException
                | UnsupportedOperationException
                | NullPointerException
                | ClassCastException e) { // a JSON value of another type; the messages name the parser's classes
            throw new FedHdsException(
                    label + ": holds a run that no federation saved, or one of another version: a value has another"
                            + " kind",
                    e);
        }
    }

    private static String text(SavedRun run, String name) {
        String text = run.texts().get(name);
        if (text == null) {
            throw new IllegalArgumentException("it has no text " + name);
        }
        return text;
    }
}
