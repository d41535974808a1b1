package io.github.fedhds.internal.safetensors;

import com.google.gson.JsonElement;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Tensors of several safetensors files in one folder, listed in an index: a JSON file whose {@code weight_map} maps
 * each tensor to its file. Index and files must list exactly the same tensors; opening checks this. Immutable, safe for
 * many threads.
 *
 * @see <a href="https://huggingface.co/docs/transformers/big_models">Sharded checkpoints</a>
 */
public final class ShardedSafetensors implements TensorSource {
    private static final long MAX_INDEX_BYTES = 64 << 20;

    private final Path index;
    private final SortedMap<String, SafetensorsFile> shardOf = new TreeMap<>();
    private final SortedMap<String, SafetensorsFile> shards = new TreeMap<>();

    private ShardedSafetensors(Path index) {
        this.index = index;
    }

    /**
     * Opens an index and all its files, and checks each as in {@link SafetensorsFile#open}.
     *
     * @param index such as {@code model.safetensors.index.json}; its files are in the same folder
     * @throws FedHdsException if a file is missing or damaged, is not a plain name in the folder, lacks a tensor of the
     *     index, or has one that is not in the index; the message names file and tensor
     */
    public static ShardedSafetensors open(Path index) {
        ShardedSafetensors all = new ShardedSafetensors(index);
        try {
            SortedMap<String, String> fileOf = all.weightMap();
            fileOf.forEach((tensor, file) -> all.shards.computeIfAbsent(file, f -> all.openShard(f, tensor)));
            all.shards.forEach((file, shard) -> all.addShard(file, shard, fileOf));
            fileOf.forEach((tensor, file) -> {
                if (!all.shardOf.containsKey(tensor)) {
                    throw all.fault("tensor " + tensor + " is not in " + file + ", where weight_map places it");
                }
            });
            return all;
        } catch (RuntimeException | Error e) {
            all.closeAfter(e);
            throw e;
        }
    }

    private FedHdsException fault(String message) {
        return new FedHdsException(index + ": " + message);
    }

    private SortedMap<String, String> weightMap() {
        JsonElement map = JsonFile.readObject(index, MAX_INDEX_BYTES).get("weight_map");
        if (map == null || !map.isJsonObject() || map.getAsJsonObject().isEmpty()) {
            throw fault("weight_map must be an object that gives each tensor its file");
        }
        SortedMap<String, String> fileOf = new TreeMap<>();
        map.getAsJsonObject().asMap().forEach((tensor, file) -> {
            if (!file.isJsonPrimitive() || !file.getAsJsonPrimitive().isString() || !isPlainName(file.getAsString())) {
                throw fault("the file of tensor " + JsonFile.shorten(tensor)
                        + " must be a plain file name in this folder, was " + JsonFile.shorten(file));
            }
            fileOf.put(tensor, file.getAsString());
        });
        return fileOf;
    }

    /** Whether a name stays in the folder, on any system. */
    private static boolean isPlainName(String name) {
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.matches("(?s).*[/\\\\:\0].*")) {
            return false;
        }
        try {
            return Path.of(name).getNameCount() == 1 && !Path.of(name).isAbsolute();
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private SafetensorsFile openShard(String file, String tensor) {
        Path path = index.resolveSibling(file);
        if (!Files.isRegularFile(path)) {
            throw fault("tensor " + JsonFile.shorten(tensor) + " is placed in " + JsonFile.shorten(file)
                    + ", which is missing");
        }
        return SafetensorsFile.open(path);
    }

    /** Adds a file's tensors, if each is in the file that the index names. */
    private void addShard(String file, SafetensorsFile shard, SortedMap<String, String> fileOf) {
        for (String tensor : shard.names()) {
            String wanted = fileOf.get(tensor);
            if (wanted == null) {
                throw fault(file + " holds tensor " + tensor + ", which weight_map does not list");
            }
            if (!wanted.equals(file)) {
                boolean both = shard(wanted).names().contains(tensor);
                throw fault("tensor " + tensor + " is in " + file + (both ? " and in " : ", weight_map places it in ")
                        + wanted);
            }
            shardOf.put(tensor, shard);
        }
    }

    private SafetensorsFile shard(String file) {
        return Objects.requireNonNull(shards.get(file), file);
    }

    /** The files by name; unmodifiable, and closed with this object. */
    public SortedMap<String, SafetensorsFile> files() {
        return Collections.unmodifiableSortedMap(shards);
    }

    @Override
    public SortedSet<String> names() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(shardOf.keySet()));
    }

    private SafetensorsFile holder(String name) {
        SafetensorsFile shard = shardOf.get(name);
        if (shard == null) {
            throw fault("there is no tensor " + name + " among the " + shardOf.size());
        }
        return shard;
    }

    @Override
    public int[] shape(String name) {
        return holder(name).shape(name);
    }

    @Override
    public Dtype dtype(String name) {
        return holder(name).dtype(name);
    }

    @Override
    public ByteBuffer read(String name) {
        return holder(name).read(name);
    }

    @Override
    public float[] readFloats(String name) {
        return holder(name).readFloats(name);
    }

    private void closeAfter(@Nullable Throwable cause) {
        FedHdsException first = null;
        for (SafetensorsFile shard : shards.values()) {
            try {
                shard.close();
            } catch (FedHdsException e) {
                if (cause != null) {
                    cause.addSuppressed(e);
                } else if (first == null) {
                    first = e;
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /** Closes all files; closing again does nothing. */
    @Override
    public void close() {
        closeAfter(null);
    }

    @Override
    public String toString() {
        return "ShardedSafetensors[" + index + ", " + shardOf.size() + " tensors in " + shards.size() + " files]";
    }
}
