package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

/** Reads fields from the bytes of a message. Each field is read once, and none may be left unread. */
final class FieldReader<M extends Message> extends Fields<M> {
    private final Map<String, String> texts;
    private final Map<String, StoredTensor> tensors = new TreeMap<>();
    private final AdapterTensors adapter = new AdapterTensors();

    FieldReader(MessageLimits limits, Map<String, String> texts) {
        super(limits);
        this.texts = new TreeMap<>(texts);
    }

    /** Adds the next tensor of the bytes. */
    void add(String name, StoredTensor tensor) {
        if (AdapterTensors.isAdapterTensor(name)) {
            adapter.read(name, tensor);
        } else {
            tensors.put(name, tensor);
        }
    }

    @Override
    boolean has(String field, Predicate<M> given) {
        return texts.containsKey(field);
    }

    @Override
    String unchecked(String field, Function<M, String> value) {
        String text = texts.remove(field);
        if (text == null) {
            throw new InvalidMessageException("field " + field + " is missing");
        }
        return text;
    }

    @Override
    Map<String, String> texts(String prefix, Function<M, Map<String, String>> values) {
        Map<String, String> found = new TreeMap<>();
        for (String field : List.copyOf(texts.keySet())) {
            if (field.startsWith(prefix)) {
                String name =
                        MessageChecks.checkName("the name of a " + prefix + "field", field.substring(prefix.length()));
                found.put(name, text(field, limits.text(), message -> ""));
            }
        }
        return found;
    }

    @Override
    Adapter adapter(Function<M, Adapter> value) {
        return adapter.adapter();
    }

    private StoredTensor tensor(String name, Dtype dtype, int axes) {
        StoredTensor tensor = tensors.remove(name);
        if (tensor == null) {
            throw new InvalidMessageException("tensor " + name + " is missing");
        }
        return tensor.expect(dtype, axes);
    }

    @Override
    List<ClientId> clients(Function<M, List<ClientId>> value) {
        return ClientNames.read(tensor(MessageForms.CLIENTS, Dtype.U8, 1), limits.clients());
    }

    @Override
    Map<ClientId, byte[]> parts(Function<M, Map<ClientId, byte[]>> value) {
        List<ClientId> clients = clients(message -> List.of());
        StoredTensor lengths = tensor(MessageForms.LENGTHS, Dtype.I32, 1);
        StoredTensor parts = tensor(MessageForms.PARTS, Dtype.U8, 1);
        if (lengths.size() != clients.size()) {
            throw lengths.fault("must have a length for each of " + clients.size() + " clients, had " + lengths.size());
        }
        byte[] bytes = parts.toBytes();
        Map<ClientId, byte[]> read = new TreeMap<>();
        int at = 0;
        for (int i = 0; i < clients.size(); i++) {
            int length = lengths.intAt(i);
            if (length < 0 || length > bytes.length - at) {
                throw lengths.fault(
                        "must have lengths of " + bytes.length + " bytes in all, has " + length + " at " + i);
            }
            if (i > 0 && clients.get(i).compareTo(clients.get(i - 1)) <= 0) {
                throw new InvalidMessageException("the clients of parts must be in ascending order, client "
                        + clients.get(i) + " comes after " + clients.get(i - 1));
            }
            read.put(clients.get(i), Arrays.copyOfRange(bytes, at, at + length));
            at += length;
        }
        if (at < bytes.length) {
            throw lengths.fault("must have lengths of " + bytes.length + " bytes in all, has " + at);
        }
        return read;
    }

    @Override
    List<Integer> groups(Function<M, List<Integer>> value) {
        StoredTensor groups = tensor(MessageForms.GROUPS, Dtype.I32, 1);
        MessageChecks.check("groups of a selection", groups.size(), limits.centroids());
        List<Integer> ids = new ArrayList<>(groups.size());
        for (int i = 0; i < groups.size(); i++) {
            int id = groups.intAt(i);
            if (id < 0 || (i > 0 && id <= ids.get(i - 1))) {
                throw groups.fault("must be ascending from 0 or more, holds " + id + " at " + i);
            }
            ids.add(id);
        }
        return ids;
    }

    @Override
    List<Centroid> centroids(Function<M, List<Centroid>> value) {
        StoredTensor groups = tensor(MessageForms.GROUPS, Dtype.I32, 1);
        StoredTensor points = tensor(MessageForms.POINTS, Dtype.F64, 2);
        int n = groups.size();
        int dimensions = points.shape()[1];
        if (points.shape()[0] != n) {
            throw points.fault("must have a row for each of " + n + " groups, had " + points.shape()[0]);
        }
        MessageChecks.checkPoints(n, dimensions, limits);
        List<Centroid> centroids = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            double[] point = new double[dimensions];
            for (int j = 0; j < dimensions; j++) {
                point[j] = points.doubleAt(i * dimensions + j);
            }
            centroids.add(new Centroid(groups.intAt(i), point));
        }
        return centroids;
    }

    @Override
    Frame.Axes axes(Function<M, Frame.Axes> value) {
        StoredTensor mean = tensor(MessageForms.FRAME_MEAN, Dtype.F32, 1);
        StoredTensor axes = tensor(MessageForms.FRAME_AXES, Dtype.F32, 2);
        if (axes.shape()[1] != mean.size()) {
            throw axes.fault("must have " + mean.size() + " columns as the mean, had " + axes.shape()[1]);
        }
        MessageChecks.check("axes of a frame", axes.shape()[0], limits.dimensions());
        return new Frame.Axes(mean.toFloats(), axes.toFloats());
    }

    /** Rejects a message with unknown fields or tensors. */
    void end() {
        if (!texts.isEmpty() || !tensors.isEmpty()) {
            throw new InvalidMessageException("field "
                    + JsonFile.shorten((texts.isEmpty() ? tensors : texts)
                            .keySet()
                            .iterator()
                            .next())
                    + " does not belong into a message of this kind and version");
        }
    }
}
