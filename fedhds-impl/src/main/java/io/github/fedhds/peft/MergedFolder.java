package io.github.fedhds.peft;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.ModelWeights;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.ShardedSafetensors;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.lora.LoraConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model folder with a LoRA adapter merged in: every adapted weight W is written as {@code W + scale B A}, all others
 * unchanged. transformers, and any reader of Hugging Face folders, loads it without adapter support. The sum is
 * computed in double and rounded once. The weights keep their types by default; in BF16 and F16 rounding loses changes
 * that are small relative to the weight: use F32 if that matters.
 *
 * <p>Rows are read, changed and written one by one: memory is the adapter and some rows, for any model size. File names
 * and shards stay the same. Time: reading and writing the folder once, and {@code 2 rank} operations per weight. Safe
 * for many threads with different target folders.
 */
public final class MergedFolder {
    private static final String CONFIG = "config.json";

    /** Other files of a model folder that are also valid for the merged model. */
    private static final List<String> COMPANIONS = List.of(
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "tokenizer.model",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json");

    /** Type of the floating-point weights in a merged model. */
    public enum Type {
        F32(Dtype.F32, "float32"),
        F16(Dtype.F16, "float16"),
        BF16(Dtype.BF16, "bfloat16");

        private final Dtype dtype;
        private final String torchName;

        Type(Dtype dtype, String torchName) {
            this.dtype = dtype;
            this.torchName = torchName;
        }
    }

    private static final long MAX_CONFIG_BYTES = 1 << 20;
    private static final long MAX_INDEX_BYTES = 64 << 20;
    static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .serializeNulls()
            .disableHtmlEscaping()
            .create();

    private final Path base;
    private final JsonObject config;
    private final MergedWeights weights;
    private final @Nullable Type type; // null: as in the base

    private MergedFolder(Path base, LoraConfig lora, Adapter adapter, @Nullable Type type) {
        PeftFolder.fault(lora, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        if (GgufFile.isGguf(base)) {
            throw new FedHdsException(
                    base + " is a GGUF file; the base of a merged folder must be a Hugging Face folder."
                            + " MergedGguf writes this base and the adapter as a GGUF file (fedhds merge: an OUT that ends with"
                            + " .gguf)");
        }
        this.base = base;
        this.type = type;
        Path file = base.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(file + " is missing; a model folder holds config.json and model.safetensors");
        }
        this.config = JsonFile.readObject(file, MAX_CONFIG_BYTES);
        this.weights = new MergedWeights(base, config, lora, adapter.tensors(), type == null ? null : type.dtype);
    }

    /**
     * Writes a folder whose weights have the base's types. It is written to a temporary folder beside it, and moved
     * into place when complete.
     *
     * @param base {@code config.json} and {@code model.safetensors}, or shards with their index; tokenizer and
     *     generation files are copied if present
     * @param config rank, scale and target modules of the adapter
     * @param adapter as read by {@link PeftFolder}
     * @param out a folder that does not exist or is empty
     * @throws IllegalArgumentException if the adapter does not fit configuration and base, lacks a module that the
     *     configuration's target modules mean, or a weight becomes too large for its type
     * @throws FedHdsException if the base is incomplete or damaged, or {@code out} is not empty or cannot be written;
     *     after any of these errors {@code out} is unchanged
     */
    public static void write(Path base, LoraConfig config, Adapter adapter, Path out) {
        new MergedFolder(base, config, adapter, null).writeTo(Disk.real(), out);
    }

    static void write(Disk disk, Path base, LoraConfig config, Adapter adapter, Path out) {
        new MergedFolder(base, config, adapter, null).writeTo(disk, out);
    }

    /**
     * Writes a folder whose floating-point weights all have one type.
     *
     * @param type type of all floating-point weights; in the two 16-bit types, rounding loses small changes
     * @see #write(Path, LoraConfig, Adapter, Path)
     */
    public static void write(Path base, LoraConfig config, Adapter adapter, Path out, Type type) {
        new MergedFolder(base, config, adapter, type).writeTo(Disk.real(), out);
    }

    private void writeTo(Disk disk, Path out) {
        Path target = out.toAbsolutePath().normalize();
        Path parent = target.getParent();
        if (parent == null) {
            throw new FedHdsException(out + " is a root folder");
        }
        checkFree(target);
        Path weightsFile = ModelWeights.file(base, "");
        Path temporary = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try (TensorSource source = ModelWeights.open(weightsFile)) {
            Map<String, String> modules = weights.modules(source, weightsFile);
            Files.createDirectories(temporary);
            try {
                if (source instanceof ShardedSafetensors shards) {
                    long total = 0;
                    for (Map.Entry<String, SafetensorsFile> shard :
                            shards.files().entrySet()) {
                        total += weights.write(temporary.resolve(shard.getKey()), shard.getValue(), modules);
                    }
                    writeIndex(weightsFile, temporary.resolve(ModelWeights.INDEX), total);
                } else if (source instanceof SafetensorsFile file) {
                    weights.write(temporary.resolve(ModelWeights.FILE), file, modules);
                }
                writeCompanions(temporary);
                place(disk, temporary, target);
            } finally {
                deleteAll(temporary);
            }
        } catch (IOException e) {
            throw FileFault.of(out, "cannot be written", e);
        }
    }

    /**
     * Renames a complete folder. An existing empty folder is kept, with its permissions, and gets the files one by one,
     * {@code config.json} last, because readers do not accept a model without it; after a failure it is empty again.
     */
    private static void place(Disk disk, Path temporary, Path target) throws IOException {
        checkFree(target);
        if (Files.notExists(target)) {
            disk.move(temporary, target);
            return;
        }
        List<Path> moved = new ArrayList<>();
        try {
            for (Path file : inOrder(temporary)) {
                Path to = target.resolve(file.getFileName());
                disk.move(file, to);
                moved.add(to);
            }
        } catch (IOException e) {
            for (Path file : moved) {
                Files.deleteIfExists(file);
            }
            throw e;
        }
    }

    private static List<Path> inOrder(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted(Comparator.comparing((Path file) -> file.endsWith(CONFIG))
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        }
    }

    private static void checkFree(Path target) {
        if (Files.notExists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new FedHdsException(target + " exists and is not a folder; name another one");
        }
        try (Stream<Path> files = Files.list(target)) {
            files.findFirst().ifPresent(file -> {
                throw new FedHdsException(target + " is not empty, it holds " + file.getFileName()
                        + "; a merged model is written to a new folder");
            });
        } catch (IOException e) {
            throw FileFault.of(target, "cannot be read", e);
        }
    }

    private void writeIndex(Path index, Path target, long total) throws IOException {
        if (type == null) {
            Files.copy(index, target);
            return;
        }
        JsonObject json = JsonFile.readObject(index, MAX_INDEX_BYTES);
        JsonElement given = json.get("metadata");
        JsonObject metadata = given != null && given.isJsonObject() ? given.getAsJsonObject() : new JsonObject();
        metadata.addProperty("total_size", total);
        json.add("metadata", metadata);
        writeJson(target, json);
    }

    private void writeCompanions(Path folder) throws IOException {
        for (String name : COMPANIONS) {
            if (Files.isRegularFile(base.resolve(name))) {
                Files.copy(base.resolve(name), folder.resolve(name));
            }
        }
        if (type == null) {
            Files.copy(base.resolve(CONFIG), folder.resolve(CONFIG));
            return;
        }
        JsonObject changed = config.deepCopy();
        String key = changed.has("dtype") ? "dtype" : "torch_dtype"; // newer or older files
        changed.addProperty(key, type.torchName);
        writeJson(folder.resolve(CONFIG), changed);
    }

    private static void writeJson(Path file, JsonObject json) {
        AtomicFile.write(file, (JSON.toJson(json) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static void deleteAll(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
