package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.codec.SealedSafetensors;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The byte format of a saved run, version 1: safetensors with a SHA-256. Metadata: format, version, run, seed, round,
 * and the names of the adapters, joined by line ends. U8 tensors with UTF-8, because texts may be longer than a header:
 * {@code roster} (client ids joined by line ends, which an id cannot contain), {@code agreed/NAME}, {@code text/NAME}.
 * F32 tensors: {@code global/TENSOR}, {@code aggregator/TENSOR}, {@code adapter/NAME/TENSOR}.
 */
final class SavedRunForm {
    static final String VERSION = "1";
    private static final String FORMAT = "fedhds-state";

    private static final String ROSTER = "roster";
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
        SealedSafetensors.write(channel, tensors, fields);
    }

    private static void put(Map<String, PendingTensor> tensors, String name, String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] exact = new byte[bytes.remaining()];
            bytes.get(exact);
            tensors.put(name, PendingTensor.of(exact));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    name + " cannot be saved: it holds half of a surrogate pair, which UTF-8 cannot hold", e);
        }
    }

    private static void put(Map<String, PendingTensor> tensors, String prefix, Adapter adapter) {
        adapter.tensors().forEach((name, tensor) -> tensors.put(prefix + name, PendingTensor.of(tensor, Dtype.F32)));
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
        long seed = whole(fields, "seed", Long.MIN_VALUE, Long.MAX_VALUE);
        int round = (int) whole(fields, "round", 0, Integer.MAX_VALUE);
        Map<String, Map<String, Tensor>> adapters = new TreeMap<>();
        String names = take(fields, "adapters");
        checkPairs("adapters", names);
        for (String name : lines(names)) {
            adapters.put(name, new TreeMap<>());
        }
        if (!fields.isEmpty()) {
            throw new IllegalArgumentException("it has an unknown field "
                    + JsonFile.shorten(fields.keySet().iterator().next()));
        }
        Map<String, String> agreed = new TreeMap<>();
        Map<String, String> texts = new TreeMap<>();
        Map<String, Tensor> global = new TreeMap<>();
        Map<String, Tensor> aggregator = new TreeMap<>();
        for (String name : file.names()) {
            checkPairs("the name of a tensor", name);
            if (name.startsWith(AGREED)) {
                agreed.put(name.substring(AGREED.length()), text(file, name));
            } else if (name.startsWith(TEXT)) {
                texts.put(name.substring(TEXT.length()), text(file, name));
            } else if (name.startsWith(GLOBAL)) {
                global.put(name.substring(GLOBAL.length()), tensor(file, name));
            } else if (name.startsWith(AGGREGATOR)) {
                aggregator.put(name.substring(AGGREGATOR.length()), tensor(file, name));
            } else if (name.startsWith(ADAPTER)) {
                String rest = name.substring(ADAPTER.length());
                int slash = rest.indexOf('/');
                Map<String, Tensor> adapter = slash < 0 ? null : adapters.get(rest.substring(0, slash));
                if (adapter == null) {
                    throw new IllegalArgumentException(
                            "tensor " + JsonFile.shorten(name) + " belongs to none of its adapters");
                }
                adapter.put(rest.substring(slash + 1), tensor(file, name));
            } else if (!name.equals(ROSTER)) {
                throw new IllegalArgumentException("it has an unknown tensor " + JsonFile.shorten(name));
            }
        }
        ServerState server =
                new ServerState(runId, seed, round, roster(file), agreed, new Adapter(global), new Adapter(aggregator));
        Map<String, Adapter> named = new TreeMap<>();
        adapters.forEach((name, tensors) -> named.put(name, new Adapter(tensors)));
        return new SavedRun(server, texts, named);
    }

    /**
     * Refuses unpaired surrogates, which JSON allows and UTF-8 cannot encode, so that what is read can be written
     * again.
     */
    private static void checkPairs(String what, String text) {
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            if (Character.getType(text.codePointAt(i)) == Character.SURROGATE) {
                throw new IllegalArgumentException(what + " holds half of a surrogate pair at " + i);
            }
        }
    }

    private static List<ClientId> roster(SafetensorsFile file) {
        if (!file.names().contains(ROSTER)) {
            throw new IllegalArgumentException("it has no tensor " + ROSTER);
        }
        return lines(text(file, ROSTER)).stream().map(ClientId::new).toList();
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

    private static long whole(Map<String, String> fields, String name, long least, long most) {
        String text = take(fields, name);
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most && Long.toString(value).equals(text)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(wholeRule(name, least, most, text), e);
        }
        throw new IllegalArgumentException(wholeRule(name, least, most, text));
    }

    private static String wholeRule(String name, long least, long most, String was) {
        return name + " must be a whole number from " + least + " to " + most + ", was \"" + JsonFile.shorten(was)
                + "\"";
    }

    private static String take(Map<String, String> fields, String name) {
        String text = fields.remove(name);
        if (text == null) {
            throw new IllegalArgumentException("it has no field " + name);
        }
        return text;
    }
}
