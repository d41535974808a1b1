package io.github.fedhds.federation;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.Tensor;
import io.github.fedhds.wire.Dtype;
import io.github.fedhds.wire.JsonFile;
import io.github.fedhds.wire.PendingTensor;
import io.github.fedhds.wire.SafetensorsFile;
import io.github.fedhds.wire.SafetensorsWriter;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A federation between two rounds. Its byte form is a safetensors file: tensors {@code global/...}, {@code aggregator/...}
 * and {@code best/...}; {@code past}, JSON lines in UTF-8, which grow with the rounds; all else as texts in the metadata, with
 * the form's version, the bytes of the other tensors, and SHA-256 over every text, name, shape and number.
 *
 * @param settings what the result hangs on beside the server's state, by name
 * @param past the rounds that are over, without their adapters
 * @param end whether the run came to its end with the last of them
 */
record Checkpoint(
        ServerState server,
        SortedMap<String, String> settings,
        List<RoundReport> past,
        Optional<BestRound> best,
        CheckpointFolder.End end) {
    private static final String FORMAT = "fedhds-checkpoint";
    private static final String VERSION = "1";
    private static final String GLOBAL = "global/";
    private static final String AGGREGATOR = "aggregator/";
    private static final String BEST = "best/";
    private static final String PAST = "past";

    Checkpoint {
        past = List.copyOf(past);
    }

    void write(WritableByteChannel channel) throws IOException {
        JsonArray roster = new JsonArray();
        server.roster().forEach(client -> roster.add(client.value()));
        JsonObject named = new JsonObject();
        settings.forEach(named::addProperty);
        String rounds = past.stream().map(report -> RoundJson.of(report) + "\n").collect(Collectors.joining());

        Map<String, String> fields = new TreeMap<>();
        fields.put("format", FORMAT);
        fields.put("version", VERSION);
        fields.put("run_id", server.runId());
        fields.put("seed", String.valueOf(server.seed()));
        fields.put("round", String.valueOf(server.round()));
        fields.put("roster", roster.toString());
        fields.put("settings", named.toString());
        fields.put("end", end.name());
        Map<String, Tensor> tensors = new TreeMap<>();
        server.globalAdapter().tensors().forEach((name, tensor) -> tensors.put(GLOBAL + name, tensor));
        server.aggregatorState().tensors().forEach((name, tensor) -> tensors.put(AGGREGATOR + name, tensor));
        best.ifPresent(round -> {
            fields.put("best_round", String.valueOf(round.round()));
            fields.put("best_score", String.valueOf(round.score()));
            round.adapter().tensors().forEach((name, tensor) -> tensors.put(BEST + name, tensor));
        });
        fields.put("length", String.valueOf(length(tensors)));
        fields.put("sha256", digest(fields, rounds, tensors));
        Map<String, PendingTensor> pending = new TreeMap<>();
        tensors.forEach((name, tensor) -> pending.put(name, PendingTensor.of(tensor, Dtype.F32)));
        pending.put(PAST, PendingTensor.of(rounds.getBytes(StandardCharsets.UTF_8)));
        SafetensorsWriter.stream(channel, pending, fields);
    }

    private static long length(Map<String, Tensor> tensors) {
        return tensors.values().stream().mapToLong(tensor -> 4L * tensor.size()).sum();
    }

    private static String digest(Map<String, String> fields, String past, Map<String, Tensor> tensors) {
        Hasher hasher = Hashing.sha256().newHasher();
        new TreeMap<>(fields).forEach((name, value) -> put(hasher, name, value));
        put(hasher, PAST, past);
        return hasher.putString(new Adapter(tensors).digest(), StandardCharsets.US_ASCII)
                .hash()
                .toString();
    }

    private static void put(Hasher hasher, String... texts) {
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            hasher.putInt(bytes.length).putBytes(bytes);
        }
    }

    /**
     * Reads a checkpoint and checks it as a whole before it is looked into.
     *
     * @throws FedHdsException if it is missing, damaged, or of another version; the message names the file
     */
    static Checkpoint read(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            return read(path.toString(), file);
        }
    }

    static Checkpoint read(String label, SafetensorsFile file) {
        Map<String, String> fields = new TreeMap<>(file.metadata());
        if (!FORMAT.equals(fields.get("format"))) {
            throw new FedHdsException(label + ": is no checkpoint of a federation");
        }
        if (!VERSION.equals(fields.get("version"))) {
            throw new FedHdsException(label + ": is a checkpoint of version " + JsonFile.shorten(fields.get("version"))
                    + ", this library reads " + VERSION);
        }
        Map<String, Tensor> tensors = new TreeMap<>();
        String past = "";
        for (String name : file.names()) {
            if (name.equals(PAST) && file.dtype(name) == Dtype.U8) {
                past = StandardCharsets.UTF_8.decode(file.read(name)).toString();
            } else {
                tensors.put(name, file.readTensor(name));
            }
        }
        String digest = String.valueOf(fields.remove("sha256"));
        if (!digest.equals(digest(fields, past, tensors))) {
            throw new FedHdsException(label + ": is damaged, it does not match its SHA-256");
        }
        if (!String.valueOf(length(tensors)).equals(fields.get("length"))) {
            throw new FedHdsException(label + ": is damaged, its tensors have another length than it says");
        }
        try {
            return of(label, fields, past, tensors);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(label + ": is no checkpoint that this library wrote: " + e.getMessage(), e);
        } catch (IllegalStateException
                | UnsupportedOperationException
                | NullPointerException
                | ClassCastException e) { // of a JSON value of another kind; their messages name the parser's classes
            throw new FedHdsException(
                    label + ": is no checkpoint that this library wrote: a value has another kind", e);
        }
    }

    private static Checkpoint of(String label, Map<String, String> fields, String rounds, Map<String, Tensor> tensors) {
        List<ClientId> roster = new ArrayList<>();
        for (JsonElement client : list(label, fields, "roster")) {
            roster.add(new ClientId(client.getAsString()));
        }
        SortedMap<String, String> settings = new TreeMap<>();
        JsonFile.parseObject(label, text(fields, "settings"))
                .entrySet()
                .forEach(named -> settings.put(named.getKey(), named.getValue().getAsString()));
        List<RoundReport> past = new ArrayList<>();
        rounds.lines().forEach(line -> past.add(RoundJson.read(JsonFile.parseObject(label, line))));
        ServerState server = new ServerState(
                text(fields, "run_id"),
                Long.parseLong(text(fields, "seed")),
                Integer.parseInt(text(fields, "round")),
                roster,
                part(tensors, GLOBAL),
                part(tensors, AGGREGATOR));
        Optional<BestRound> best = fields.containsKey("best_round")
                ? Optional.of(new BestRound(
                        Integer.parseInt(text(fields, "best_round")),
                        Double.parseDouble(text(fields, "best_score")),
                        part(tensors, BEST)))
                : Optional.empty();
        return new Checkpoint(server, settings, past, best, CheckpointFolder.End.valueOf(text(fields, "end")));
    }

    private static JsonArray list(String label, Map<String, String> fields, String name) {
        return JsonFile.parseObject(label, "{\"list\":" + text(fields, name) + "}")
                .getAsJsonArray("list");
    }

    private static String text(Map<String, String> fields, String name) {
        String text = fields.get(name);
        if (text == null) {
            throw new IllegalArgumentException("it has no " + name);
        }
        return text;
    }

    private static Adapter part(Map<String, Tensor> tensors, String prefix) {
        Map<String, Tensor> part = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                part.put(name.substring(prefix.length()), tensor);
            }
        });
        return new Adapter(part);
    }
}
