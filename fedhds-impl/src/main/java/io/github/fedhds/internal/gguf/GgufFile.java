package io.github.fedhds.internal.gguf;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.json.JsonOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A GGUF file, or all shards of one. The format is checked when it is opened; rows are unpacked when they are read. Safe
 * for many threads.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The format</a>
 */
public final class GgufFile implements AutoCloseable {
    private static final String SHARD_COUNT = "split.count";
    private static final String SHARD_NUMBER = "split.no";
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    /** Largest number of bytes of a mapped part. */
    private static final long MAX_MAPPED = 1L << 30;

    /** A tensor and the file that it is in. */
    private record Located(FileChannel channel, GgufTensor tensor) {}

    /** Receives a row. */
    @FunctionalInterface
    public interface RowReader {
        /**
         * Called once per row, in ascending order.
         *
         * @param row index of the row
         * @param values the row; overwritten by the next one
         */
        void row(int row, float[] values);
    }

    private final Path file;
    private final List<FileChannel> channels = new ArrayList<>();
    private final Map<String, Located> tensors = new TreeMap<>();
    private JsonObject metadata = new JsonObject();
    private Map<String, long[]> spans = Map.of();

    private GgufFile(Path file) {
        this.file = file;
    }

    /** True if the path is a file whose name ends with {@code .gguf}. */
    public static boolean isGguf(Path path) {
        return Files.isRegularFile(path)
                && path.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
    }

    /**
     * Opens a file. For the first of several shards it opens all of them.
     *
     * @throws FedHdsException if a file cannot be read or breaks a rule of the format; the message names file and rule
     */
    public static GgufFile open(Path file) {
        GgufFile opened = new GgufFile(file);
        try {
            GgufHeader header = opened.add(file);
            opened.metadata = header.metadata();
            opened.spans = header.spans();
            opened.addShards();
            opened.splitFused();
            return opened;
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    private GgufHeader add(Path path) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            channels.add(channel);
            GgufHeader header = GgufHeader.read(new GgufBytes(channel));
            header.tensors().forEach((name, tensor) -> {
                if (tensors.put(name, new Located(channel, tensor)) != null) {
                    throw new IllegalArgumentException("tensor " + name + " is in an earlier shard, too");
                }
            });
            return header;
        } catch (IOException e) {
            throw FileFault.of(path, "cannot be read", e);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(path + ": " + e.getMessage(), e);
        }
    }

    private void addShards() {
        JsonOptions options = options();
        int count = options.given(SHARD_COUNT).isPresent() ? options.whole(SHARD_COUNT) : 1;
        if (count <= 1) {
            return;
        }
        Matcher name = SHARD.matcher(file.getFileName().toString());
        if (!name.matches()
                || !name.group(2).equals("00001")
                || options.whole(SHARD_NUMBER) != 0
                || Integer.parseInt(name.group(3)) != count) {
            throw new FedHdsException(file + " is shard " + options.whole(SHARD_NUMBER) + " of " + count
                    + "; open the first shard, named NAME-00001-of-" + "%05d".formatted(count) + ".gguf");
        }
        for (int shard = 1; shard < count; shard++) {
            Path next = file.resolveSibling("%s-%05d-of-%05d.gguf".formatted(name.group(1), shard + 1, count));
            JsonOptions other = new JsonOptions("", add(next).metadata());
            if (other.whole(SHARD_NUMBER) != shard || other.whole(SHARD_COUNT) != count) {
                throw new FedHdsException(next + " says that it is shard " + other.whole(SHARD_NUMBER) + " of "
                        + other.whole(SHARD_COUNT) + ", its name says " + shard + " of " + count);
            }
        }
        String total = "split.tensors.count";
        if (options.given(total).isPresent() && options.whole(total) != tensors.size()) {
            throw new FedHdsException(file + ": " + total + " is " + options.whole(total) + ", the shards have "
                    + tensors.size() + " tensors");
        }
    }

    private void splitFused() {
        Map<String, Located> all = Map.copyOf(tensors);
        tensors.clear();
        try {
            all.forEach((name, located) -> FusedAttention.split(name, located.tensor(), options())
                    .forEach((part, tensor) -> {
                        if (tensors.put(part, new Located(located.channel(), tensor)) != null) {
                            throw new IllegalArgumentException(
                                    "tensor " + part + " is there alone and in one of attn_qkv");
                        }
                    }));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    /** The path that was opened. */
    public Path file() {
        return file;
    }

    /** The metadata of the first shard. Errors of its methods name key, value and rule, but not the file. */
    public JsonOptions options() {
        return new JsonOptions("", metadata);
    }

    /**
     * The bytes of type and value of a key of the first shard.
     *
     * @throws FedHdsException if the file cannot be read, or has become shorter since it was opened
     */
    byte[] encoded(String key) {
        long[] span = spans.getOrDefault(key, new long[2]);
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(span[1] - span[0]));
        try {
            while (bytes.hasRemaining()) {
                if (channels.get(0).read(bytes, span[0] + bytes.position()) < 0) {
                    throw new FedHdsException(file + " ends within its metadata at " + key
                            + "; it was cut after it was opened, copy it again");
                }
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
        return bytes.array();
    }

    /** Names of all tensors. */
    public SortedSet<String> names() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(tensors.keySet()));
    }

    /** Lengths of a tensor's axes, the contiguous one last. */
    public int[] shape(String name) {
        return located(name).tensor().shape().clone();
    }

    /** How a tensor is packed. */
    public GgufType type(String name) {
        return located(name).tensor().type();
    }

    private Located located(String name) {
        Located located = tensors.get(name);
        if (located == null) {
            throw new FedHdsException(file + " has no tensor " + name);
        }
        return located;
    }

    /**
     * Unpacks a tensor row by row. A row runs along the last axis.
     *
     * @throws FedHdsException if there is no such tensor, or the file cannot be read
     */
    public void readRows(String name, RowReader reader) {
        Located located = located(name);
        GgufTensor tensor = located.tensor();
        int[] shape = tensor.shape();
        int columns = shape[shape.length - 1];
        GgufType type = tensor.type();
        long rowBytes = (long) columns / type.elements() * type.bytes();
        long rows = tensor.bytes() / rowBytes;
        if (rows > Integer.MAX_VALUE) {
            throw new FedHdsException(file + ": tensor " + name + " has " + rows + " rows, more than can be read");
        }
        if (rowBytes > MAX_MAPPED) {
            throw new FedHdsException(file + ": a row of tensor " + name + " has " + rowBytes + " bytes; at most "
                    + MAX_MAPPED + " are supported");
        }
        float[] values = new float[columns];
        int rowsOfPart = (int) Math.min(rows, Math.max(1, MAX_MAPPED / rowBytes));
        try {
            for (int first = 0; first < rows; first += rowsOfPart) {
                int part = (int) Math.min(rowsOfPart, rows - first);
                ByteBuffer bytes = located.channel()
                        .map(MapMode.READ_ONLY, tensor.start() + first * rowBytes, part * rowBytes)
                        .order(ByteOrder.LITTLE_ENDIAN);
                for (int row = 0; row < part; row++) {
                    int at = (int) (row * rowBytes);
                    for (int start = 0; start < columns; start += type.elements(), at += type.bytes()) {
                        type.unpack(bytes, at, values, start);
                    }
                    reader.row(first + row, values);
                }
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    /**
     * The stored blocks of a matrix, copied, in another order of rows.
     *
     * @param rowOf place of each stored row
     * @throws FedHdsException if there is no such tensor, it has 2 GiB or more, or the file cannot be read
     */
    public ByteBuffer readBlocks(String name, IntUnaryOperator rowOf) {
        Located located = located(name);
        long size = located.tensor().bytes();
        if (size > Integer.MAX_VALUE - 8) {
            throw new FedHdsException(file + ": tensor " + name + " has " + size + " bytes, more than can stay packed");
        }
        int rows = located.tensor().shape()[0];
        int rowBytes = (int) (size / rows);
        try {
            ByteBuffer stored =
                    located.channel().map(MapMode.READ_ONLY, located.tensor().start(), size);
            ByteBuffer blocks = ByteBuffer.allocateDirect((int) size);
            for (int row = 0; row < rows; row++) {
                blocks.put(rowOf.applyAsInt(row) * rowBytes, stored, row * rowBytes, rowBytes);
            }
            return blocks;
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    @Override
    public void close() {
        for (FileChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                throw FileFault.of(file, "cannot be closed", e);
            }
        }
    }
}
