package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** Collects the fields of a message to write: texts, and tensors that are encoded while they are written. */
final class FieldWriter<M extends Message> extends Fields<M> {
    private final M message;
    private final AdapterPrecision precision;
    private final Map<String, String> texts = new TreeMap<>();
    private final Map<String, PendingTensor> tensors = new TreeMap<>();
    private RoundingError error = RoundingError.NONE;

    FieldWriter(MessageLimits limits, M message, AdapterPrecision precision) {
        super(limits);
        this.message = message;
        this.precision = precision;
    }

    /** Rounding error of the adapter. */
    RoundingError error() {
        return error;
    }

    /** The message's bytes, without the digest. */
    SafetensorsWriter unsealed() {
        MessageChecks.check("tensors of a message", tensors.size(), limits.tensors());
        SafetensorsWriter file = new SafetensorsWriter(tensors, texts);
        MessageChecks.check("bytes of the header", file.header().length - 8L, limits.headerBytes());
        MessageChecks.check("bytes of the message", file.bytes(), limits.bytes());
        return file;
    }

    @Override
    boolean has(String field, Predicate<M> given) {
        return given.test(message);
    }

    @Override
    String unchecked(String field, Function<M, String> value) {
        String text = value.apply(message);
        texts.put(field, text);
        return text;
    }

    /** A message in memory has a number, not a text, so only the lower bound can be violated; the error says so. */
    @Override
    long whole(String field, long least, long most, ToLongFunction<M> value) {
        long number = value.applyAsLong(message);
        if (number < least) {
            throw new InvalidMessageException(field + " must be " + least + " or more, was " + number);
        }
        return super.whole(field, least, most, value);
    }

    @Override
    Map<String, String> texts(String prefix, Function<M, Map<String, String>> values) {
        Map<String, String> all = values.apply(message);
        all.forEach((name, value) ->
                text(prefix + MessageChecks.checkName("a setting's name", name), limits.text(), m -> value));
        return all;
    }

    @Override
    Adapter adapter(Function<M, Adapter> value) {
        Adapter adapter = value.apply(message);
        error = AdapterTensors.write(adapter, precision, tensors);
        return adapter;
    }

    @Override
    List<ClientId> clients(Function<M, List<ClientId>> value) {
        List<ClientId> clients = value.apply(message);
        tensors.put(MessageForms.CLIENTS, PendingTensor.of(ClientNames.write(clients, limits.clients())));
        return clients;
    }

    @Override
    Map<ClientId, byte[]> parts(Function<M, Map<ClientId, byte[]>> value) {
        Map<ClientId, byte[]> parts = value.apply(message);
        clients(m -> List.copyOf(parts.keySet()));
        long bytes = parts.values().stream().mapToLong(part -> part.length).sum();
        MessageChecks.check("bytes of a secure sum's parts", bytes, limits.bytes());
        tensor(
                MessageForms.LENGTHS,
                Dtype.I32,
                into -> parts.values().forEach(part -> into.putInt(part.length)),
                parts.size());
        tensor(MessageForms.PARTS, Dtype.U8, into -> parts.values().forEach(into::put), Math.toIntExact(bytes));
        return parts;
    }

    @Override
    List<Integer> groups(Function<M, List<Integer>> value) {
        List<Integer> groups = value.apply(message);
        MessageChecks.check("groups of a selection", groups.size(), limits.centroids());
        if (!groups.isEmpty() && groups.get(0) < 0) {
            throw new InvalidMessageException("groups must be 0 or more, was " + groups.get(0));
        }
        tensor(MessageForms.GROUPS, Dtype.I32, into -> groups.forEach(into::putInt), groups.size());
        return groups;
    }

    @Override
    List<Centroid> centroids(Function<M, List<Centroid>> value) {
        List<Centroid> centroids = value.apply(message);
        int n = centroids.size();
        double[][] points = centroids.stream().map(Centroid::point).toArray(double[][]::new);
        int dimensions = n == 0 ? 0 : points[0].length;
        MessageChecks.checkPoints(n, dimensions, limits);
        for (int i = 0; i < n; i++) {
            if (points[i].length != dimensions) {
                throw new InvalidMessageException("centroids must have equally many coordinates, number 0 has "
                        + dimensions + ", number " + i + " has " + points[i].length);
            }
            for (double coordinate : points[i]) {
                if (!Double.isFinite(coordinate)) {
                    throw new InvalidMessageException(
                            "centroid " + i + " holds " + coordinate + ", coordinates must be finite");
                }
            }
        }
        tensor(MessageForms.GROUPS, Dtype.I32, into -> centroids.forEach(c -> into.putInt(c.group())), n);
        Consumer<ByteBuffer> rows = into -> {
            for (double[] point : points) {
                into.asDoubleBuffer().put(point);
                into.position(into.position() + Double.BYTES * dimensions);
            }
        };
        tensor(MessageForms.POINTS, Dtype.F64, rows, n, dimensions);
        return centroids;
    }

    @Override
    Frame.Axes axes(Function<M, Frame.Axes> value) {
        Frame.Axes axes = value.apply(message);
        MessageChecks.check("axes of a frame", axes.dimensions(), limits.dimensions());
        Tensor mean = new Tensor(new int[] {axes.mean().length}, axes.mean());
        Tensor rows = new Tensor(new int[] {axes.dimensions(), mean.size()}, axes.axes());
        tensors.put(MessageForms.FRAME_MEAN, PendingTensor.of(MessageForms.FRAME_MEAN, mean, Dtype.F32));
        tensors.put(MessageForms.FRAME_AXES, PendingTensor.of(MessageForms.FRAME_AXES, rows, Dtype.F32));
        return axes;
    }

    /** A small tensor, filled in memory. */
    private void tensor(String name, Dtype dtype, Consumer<ByteBuffer> content, int... shape) {
        tensors.put(name, new PendingTensor(dtype, shape, channel -> {
            long bytes = dtype.bytes();
            for (int length : shape) {
                bytes *= length;
            }
            ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            content.accept(buffer);
            AtomicFile.writeFully(channel, buffer.flip());
        }));
    }
}
