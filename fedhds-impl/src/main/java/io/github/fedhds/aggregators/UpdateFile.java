package io.github.fedhds.aggregators;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.message.AdapterUpdate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A temporary file with the values of a round's updates, which all have the form of the global adapter. Its bytes are free
 * when it is closed, or when a round that was given up is no longer referenced; on Linux also when the process is killed,
 * because the file has no name there while it is open. Reading is safe for many threads.
 */
final class UpdateFile implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final Path folder;
    private final FileChannel channel;
    private final Map<String, Long> offsets = new HashMap<>(); // of a tensor within an update, in bytes
    private final Adapter form;
    private final long bytesOfUpdate;
    private long end;

    /**
     * Creates the file.
     *
     * @param folder is created if it is missing
     * @param form names and shapes of all updates
     * @throws FedHdsException if it cannot be created
     */
    UpdateFile(Path folder, Adapter form) {
        this.folder = folder;
        this.form = form;
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : form.tensors().entrySet()) {
            offsets.put(entry.getKey(), offset);
            offset += 4L * entry.getValue().size();
        }
        bytesOfUpdate = offset;
        try {
            Files.createDirectories(folder);
            Path file = Files.createTempFile(folder, "updates", ".bin");
            channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        } catch (IOException e) {
            throw FileFault.of(folder, "updates cannot be stored in it", e);
        }
    }

    /**
     * Writes an update.
     *
     * @throws IllegalArgumentException if it cannot be written, because the disk is full, say; the file is then as before
     */
    StoredUpdate store(AdapterUpdate update) {
        long start = end;
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        try {
            long at = start;
            for (Tensor tensor : update.adapter().tensors().values()) {
                for (int i = 0; i < tensor.size(); i++) {
                    buffer.putFloat(tensor.get(i));
                    if (!buffer.hasRemaining()) {
                        at += flush(buffer, at);
                    }
                }
            }
            flush(buffer, at);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "it cannot be stored in " + folder + ": " + FileFault.reason(folder, e), e);
        }
        end = start + bytesOfUpdate;
        AdapterUpdate head = new AdapterUpdate(
                update.runId(), update.round(), update.client(), Adapter.empty(), update.samples(), update.meanLoss());
        return new Stored(start, head);
    }

    private int flush(ByteBuffer buffer, long at) throws IOException {
        buffer.flip();
        int bytes = buffer.remaining();
        while (buffer.hasRemaining()) {
            channel.write(buffer, at + buffer.position());
        }
        buffer.clear();
        return bytes;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw FileFault.of(folder, "the file of updates cannot be closed", e);
        }
    }

    private final class Stored implements StoredUpdate {
        private final long start;
        private final AdapterUpdate head;

        Stored(long start, AdapterUpdate head) {
            this.start = start;
            this.head = head;
        }

        @Override
        public AdapterUpdate whole() {
            Map<String, Tensor> tensors = new TreeMap<>();
            form.tensors().forEach((name, tensor) -> {
                float[] values = new float[tensor.size()];
                read(name, 0, values, values.length);
                tensors.put(name, Tensor.of(tensor.shape(), i -> values[i]));
            });
            return new AdapterUpdate(
                    head.runId(), head.round(), head.client(), new Adapter(tensors), head.samples(), head.meanLoss());
        }

        @Override
        public void read(String tensor, int from, float[] into, int count) {
            ByteBuffer buffer = ByteBuffer.allocate(Math.min(4 * CHUNK, 4 * Math.max(1, count)))
                    .order(ByteOrder.LITTLE_ENDIAN);
            long at = start + offsets.getOrDefault(tensor, 0L) + 4L * from;
            try {
                for (int done = 0; done < count; ) {
                    buffer.clear().limit((int) Math.min(buffer.capacity(), 4L * (count - done)));
                    while (buffer.hasRemaining()) {
                        if (channel.read(buffer, at + buffer.position()) < 0) {
                            throw new IOException("the file of updates is shorter than what was written");
                        }
                    }
                    buffer.flip();
                    int values = buffer.remaining() / 4;
                    buffer.asFloatBuffer().get(into, done, values);
                    done += values;
                    at += 4L * values;
                }
            } catch (IOException e) {
                throw FileFault.of(folder, "the file of updates cannot be read", e);
            }
        }
    }
}
