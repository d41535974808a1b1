package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.codec.SealedSafetensors;
import io.github.fedhds.feature.Points;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.Texts;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The byte format of a saved run, version 1: safetensors with a SHA-256. Metadata: format, version, run, seed, round,
 * and the names of the adapters, joined by line ends. U8 tensors with UTF-8, because texts may be longer than a header:
 * {@code roster} (client ids joined by line ends, which an id cannot contain), {@code agreed/NAME}, {@code text/NAME}.
 * F32 tensors: {@code global/TENSOR}, {@code aggregator/TENSOR}, {@code adapter/NAME/TENSOR}. F64 tensor {@code chosen},
 * {@code [points, coordinates]}, absent if there is no point.
 */
final class SavedRunForm {
    static final String VERSION = "1";
    private static final String FORMAT = "fedhds-state";

    private static final String ROSTER = "roster";
    private static final String CHOSEN = "chosen";
    private static final String AGREED = "agreed/";
    private static final String TEXT = "text/";
    private static final String GLOBAL = "global/";
    private static final String AGGREGATOR = "aggregator/";
    private static final String ADAPTER = "adapter/";

    private SavedRunForm() {}

    static void write(SavedRun run, WritableByteChannel channel) throws IOException {
        ServerState server = run.server();
        Map<String, String> fields = new TreeMap<>();
        fields.put("format", FORMAT);
        fields.put("version", VERSION);
        fields.put("run", server.runId());
        fields.put("seed", Long.toString(server.seed()));
        fields.put("round", Integer.toString(server.round()));
        fields.put("adapters", String.join("\n", new TreeMap<>(run.adapters()).keySet()));

        Map<String, PendingTensor> tensors = new TreeMap<>();
        put(tensors, ROSTER, server.clients().stream().map(ClientId::value).collect(Collectors.joining("\n")));
        server.agreedSettings().forEach((name, value) -> put(tensors, AGREED + name, value));
        run.texts().forEach((name, text) -> put(tensors, TEXT + name, text));
        put(tensors, GLOBAL, server.globalAdapter());
        put(tensors, AGGREGATOR, server.aggregatorState());
        run.adapters().forEach((name, adapter) -> put(tensors, ADAPTER + name + "/", adapter));
        if (server.chosen().size() > 0) {
            tensors.put(CHOSEN, points(server.chosen()));
        }
        SealedSafetensors.write(channel, tensors, fields);
    }

    private static PendingTensor points(Points points) {
        double[] values = points.toArray();
        return PendingTensor.of(
                Dtype.F64, new int[] {points.size(), points.dimensions()}, values.length, (from, to, chunk) -> {
                    for (int i = from; i < to; i++) {
                        chunk.putDouble(values[i]);
                    }
                });
    }

    private static Points points(SafetensorsFile file) {
        int[] shape = file.shape(CHOSEN);
        if (file.dtype(CHOSEN) != Dtype.F64 || shape.length != 2 || shape[0] < 1 || shape[1] < 1) {
            throw new IllegalArgumentException("tensor " + CHOSEN + " must be F64 with 2 axes of 1 or more, was "
                    + file.dtype(CHOSEN) + " " + Arrays.toString(shape));
        }
        double[] values = new double[Math.multiplyExact(shape[0], shape[1])];
        file.read(CHOSEN).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("tensor " + CHOSEN + " must be finite, holds " + value);
            }
        }
        return new Points(shape[0], shape[1], values);
    }

    private static void put(Map<String, PendingTensor> tensors, String name, String text) {
        if (Texts.loneSurrogate(text) >= 0) {
            throw new IllegalArgumentException(
                    name + " cannot be saved: it holds half of a surrogate pair, which UTF-8 cannot hold");
        }
        tensors.put(name, PendingTensor.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static void put(Map<String, PendingTensor> tensors, String prefix, Adapter adapter) {
        adapter.tensors()
                .forEach((name, tensor) -> tensors.put(prefix + name, PendingTensor.of(name, tensor, Dtype.F32)));
    }

    /**
     * Reads a file. Checks all of it before using any part.
     *
     * @throws InvalidStateException if it is damaged or not a saved run; the message names the file
     * @throws FedHdsException if it cannot be read now, although it may be valid
     */
    static SavedRun read(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            return read(path.toString(), file);
        } catch (FedHdsException e) {
            throw isDamage(e) ? invalid(e) : e;
        }
    }

    /** Reads bytes in memory, with the same checks. */
    static SavedRun read(String label, byte[] bytes) {
        try (SafetensorsFile file = SafetensorsFile.of(label, bytes)) {
            return read(label, file);
        } catch (FedHdsException e) {
            throw invalid(e);
        }
    }

    private static InvalidStateException invalid(FedHdsException e) {
        return e instanceof InvalidStateException typed
                ? typed
                : new InvalidStateException(String.valueOf(e.getMessage()), e);
    }

    /** False for a file that cannot be read now (no permission, an interrupt, a lost mount); it may be valid. */
    private static boolean isDamage(FedHdsException e) {
        Throwable cause = e.getCause(); // malformed JSON and UTF-8 have subclasses of IOException too
        return !(cause instanceof FileSystemException
                || cause instanceof ClosedChannelException
                || (cause != null && cause.getClass() == IOException.class));
    }

    private static SavedRun read(String label, SafetensorsFile file) {
        Map<String, String> fields = new TreeMap<>(file.metadata());
        if (!FORMAT.equals(fields.remove("format"))) {
            throw new InvalidStateException(label + ": is no saved state of a server");
        }
        String version = fields.remove("version");
        if (!VERSION.equals(version)) { // before the SHA-256, which another version may compute differently
            throw new InvalidStateException(label + ": is a saved state of version " + JsonFile.shorten(version)
                    + ", this library reads " + VERSION + "; was it written by a later FedHDS?");
        }
        fields.remove(SealedSafetensors.check(label, file));
        try {
            return of(file, fields);
        } catch (IllegalArgumentException e) {
            throw new InvalidStateException(label + ": is no state that this library wrote: " + e.getMessage(), e);
        }
    }

    private static SavedRun of(SafetensorsFile file, Map<String, String> fields) {
        String runId = take(fields, "run");
        long seed = Texts.wholeNumber("seed", take(fields, "seed"), Long.MIN_VALUE, Long.MAX_VALUE);
        int round = (int) Texts.wholeNumber("round", take(fields, "round"), 0, Integer.MAX_VALUE);
        String names = take(fields, "adapters");
        checkPairs("adapters", names);
        if (!fields.isEmpty()) {
            throw new IllegalArgumentException("it has an unknown field "
                    + JsonFile.shorten(fields.keySet().iterator().next()));
        }
        SortedSet<String> left = new TreeSet<>(file.names());
        left.forEach(name -> checkPairs("the name of a tensor", name));
        Map<String, String> agreed = take(left, AGREED, name -> text(file, name));
        Map<String, String> texts = take(left, TEXT, name -> text(file, name));
        Adapter global = adapter(file, left, GLOBAL);
        Adapter aggregator = adapter(file, left, AGGREGATOR);
        Map<String, Adapter> adapters = new TreeMap<>();
        for (String name : new TreeSet<>(lines(names))) {
            adapters.put(name, adapter(file, left, ADAPTER + name + "/"));
        }
        boolean hasRoster = left.remove(ROSTER);
        Points chosen = left.remove(CHOSEN) ? points(file) : Points.of(List.of());
        if (!left.isEmpty()) {
            String name = JsonFile.shorten(left.first());
            throw new IllegalArgumentException(
                    left.first().startsWith(ADAPTER)
                            ? "tensor " + name + " belongs to none of its adapters"
                            : "it has an unknown tensor " + name);
        }
        if (!hasRoster) {
            throw new IllegalArgumentException("it has no tensor " + ROSTER);
        }
        List<ClientId> clients =
                lines(text(file, ROSTER)).stream().map(ClientId::new).toList();
        return new SavedRun(
                new ServerState(runId, seed, round, clients, agreed, global, aggregator, chosen), texts, adapters);
    }

    private static Adapter adapter(SafetensorsFile file, SortedSet<String> left, String prefix) {
        return new Adapter(take(left, prefix, name -> tensor(file, name)));
    }

    /** Takes the tensors whose names begin so off those that are left, by the rest of their names. */
    private static <T> Map<String, T> take(SortedSet<String> left, String prefix, Function<String, T> read) {
        Map<String, T> found = new TreeMap<>();
        Iterator<String> names = left.tailSet(prefix).iterator();
        for (String name; names.hasNext() && (name = names.next()).startsWith(prefix); names.remove()) {
            found.put(name.substring(prefix.length()), read.apply(name));
        }
        return found;
    }

    /**
     * Refuses unpaired surrogates, which JSON allows and UTF-8 cannot encode, so that what is read can be written
     * again.
     */
    private static void checkPairs(String what, String text) {
        int lone = Texts.loneSurrogate(text);
        if (lone >= 0) {
            throw new IllegalArgumentException(what + " holds half of a surrogate pair at " + lone);
        }
    }

    /** Splits at line ends; the empty text has no parts, because no part is empty. */
    private static List<String> lines(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("\n", -1));
    }

    private static String text(SafetensorsFile file, String name) {
        if (file.dtype(name) != Dtype.U8 || file.shape(name).length != 1) {
            throw new IllegalArgumentException("tensor " + JsonFile.shorten(name) + " must be U8 with 1 axis, was "
                    + file.dtype(name) + " " + Arrays.toString(file.shape(name)));
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(file.read(name)).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("tensor " + JsonFile.shorten(name) + " must hold UTF-8", e);
        }
    }

    private static Tensor tensor(SafetensorsFile file, String name) {
        if (file.dtype(name) != Dtype.F32) {
            throw new IllegalArgumentException(
                    "tensor " + JsonFile.shorten(name) + " must be F32, was " + file.dtype(name));
        }
        return file.readTensor(name);
    }

    private static String take(Map<String, String> fields, String name) {
        String text = fields.remove(name);
        if (text == null) {
            throw new IllegalArgumentException("it has no field " + name);
        }
        return text;
    }
}
