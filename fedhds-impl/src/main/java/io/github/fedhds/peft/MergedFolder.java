package io.github.fedhds.peft;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.ModelWeights;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.internal.safetensors.ShardedSafetensors;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.lora.LoraConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model folder with a LoRA adapter merged in: every adapted weight W is written as {@code W + scale B A}, all else as it
 * is, so that transformers, or any reader of Hugging Face folders, loads it without knowing of adapters. The sum is
 * computed in double and rounded once. The weights keep their types by default; in BF16 and F16, whose numbers lie far
 * apart, rounding then loses the part of the change that is small beside the weight: ask for F32 where that matters.
 *
 * <p>Rows are read, changed and written one by one: memory is the adapter and some rows, whatever the model's size. Files
 * keep their names, shards stay shards. Time: one reading and one writing of the folder, and {@code 2 rank} operations a
 * weight. Safe for many threads, on different target folders.
 */
public final class MergedFolder {
    private static final String CONFIG = "config.json";

    /** What else a model folder may hold that is as true of the merged model. */
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

    /** How the floating weights of a merged model are stored. */
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

    /** GPT-2's layers whose weights lie as {@code [in, out]}. */
    private static final Set<String> TRANSPOSED = Set.of("c_attn", "c_proj", "c_fc", "q_attn");

    private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "wte");

    /** Families for which transformers takes head and embedding for two weights where the configuration says nothing. */
    private static final Set<JsonElement> UNTIED_BY_DEFAULT = Set.of(
            new JsonPrimitive("llama"),
            new JsonPrimitive("mistral"),
            new JsonPrimitive("qwen2"),
            new JsonPrimitive("qwen3"));

    private static final long MAX_CONFIG_BYTES = 1 << 20;
    private static final long MAX_INDEX_BYTES = 64 << 20;
    private static final int CHUNK = 1 << 16;
    private static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .serializeNulls()
            .disableHtmlEscaping()
            .create();

    private final Path base;
    private final double scale;
    private final Map<String, Tensor> adapter;
    private final @Nullable Type type; // null: the base's
    private final JsonObject config;
    private final boolean gpt2;

    private MergedFolder(Path base, LoraConfig lora, Adapter adapter, @Nullable Type type) {
        this.base = base;
        this.scale = lora.scale();
        this.adapter = adapter.tensors();
        this.type = type;
        Path file = base.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new FedHdsException(file + " is missing; a model folder holds config.json and model.safetensors");
        }
        config = JsonFile.readObject(file, MAX_CONFIG_BYTES);
        gpt2 = new JsonPrimitive("gpt2").equals(config.get("model_type"));
    }

    /**
     * Writes a folder whose weights have the base's types, by way of a temporary one beside it that is moved into place when
     * it is whole.
     *
     * @param base {@code config.json} and {@code model.safetensors}, or shards with their index; tokenizer and generation
     *     files are copied where they are there
     * @param config rank, scale and target modules of the adapter
     * @param adapter as {@link PeftFolder} reads it
     * @param out a folder that is not there, or is empty
     * @throws IllegalArgumentException if the adapter fits neither configuration nor base, or a weight becomes too large for
     *     its type
     * @throws FedHdsException if the base is incomplete or damaged, or {@code out} holds something or cannot be written;
     *     after any of these errors {@code out} is as it was
     */
    public static void write(Path base, LoraConfig config, Adapter adapter, Path out) {
        checked(base, config, adapter, null).writeTo(Disk.real(), out);
    }

    static void write(Disk disk, Path base, LoraConfig config, Adapter adapter, Path out) {
        checked(base, config, adapter, null).writeTo(disk, out);
    }

    /**
     * Writes a folder whose floating weights are all of one type.
     *
     * @param type of every floating weight; in the two of 16 bits, rounding loses small changes
     * @see #write(Path, LoraConfig, Adapter, Path)
     */
    public static void write(Path base, LoraConfig config, Adapter adapter, Path out, Type type) {
        checked(base, config, adapter, type).writeTo(Disk.real(), out);
    }

    private static MergedFolder checked(Path base, LoraConfig config, Adapter adapter, @Nullable Type type) {
        PeftFolder.fault(config, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        return new MergedFolder(base, config, adapter, type);
    }

    private void writeTo(Disk disk, Path out) {
        Path target = out.toAbsolutePath().normalize();
        Path parent = target.getParent();
        if (parent == null) {
            throw new FedHdsException(out + " is a root folder");
        }
        checkFree(target);
        Path weights = ModelWeights.file(base);
        Path temporary = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try (TensorSource source = ModelWeights.open(weights)) {
            Map<String, String> modules = modules(source, weights);
            Files.createDirectories(temporary);
            try {
                if (source instanceof ShardedSafetensors shards) {
                    long total = 0;
                    for (Map.Entry<String, SafetensorsFile> shard :
                            shards.files().entrySet()) {
                        total += writeFile(temporary.resolve(shard.getKey()), shard.getValue(), modules);
                    }
                    writeIndex(weights, temporary.resolve(ModelWeights.INDEX), total);
                } else if (source instanceof SafetensorsFile file) {
                    writeFile(temporary.resolve(ModelWeights.FILE), file, modules);
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
     * Gives a whole folder its name. An empty folder of that name stays, as its owner made it, and gets the files one by
     * one, {@code config.json} last, without which no reader takes it for a model; after a failure it is empty again.
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
            throw new FedHdsException(target + " is there and is no folder; name a new one");
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

    /** The adapted module of each weight that changes; an error if one does not fit. */
    private Map<String, String> modules(TensorSource source, Path where) {
        Map<String, String> modules = new TreeMap<>();
        for (String name : adapter.keySet()) {
            if (!name.endsWith(LoraNames.A)) {
                continue; // B is beside A, as was checked
            }
            String module = LoraNames.module(name);
            String weight = weightOf(module, source);
            checkTie(name, module);
            if (!source.names().contains(weight)) {
                throw new IllegalArgumentException("adapter tensor " + name + " changes " + weight + ", which " + where
                        + " lacks; was the adapter trained on another model?");
            }
            if (!source.dtype(weight).readsAsFloat()) {
                throw new IllegalArgumentException(where + ": " + weight + " is of type " + source.dtype(weight)
                        + "; an adapter is merged into F32, F16, BF16 and F64");
            }
            int out = part(module, LoraNames.B).shape()[0];
            int in = part(module, LoraNames.A).shape()[1];
            int[] wanted = isTransposed(module) ? new int[] {in, out} : new int[] {out, in};
            if (!Arrays.equals(source.shape(weight), wanted)) {
                throw new IllegalArgumentException(where + ": " + weight + " has shape "
                        + Arrays.toString(source.shape(weight)) + ", the adapter's " + module + " needs "
                        + Arrays.toString(wanted) + "; was the adapter trained on another model?");
            }
            modules.put(weight, module);
        }
        return modules;
    }

    /**
     * Head and embedding of a tied model are one weight: a change of the head alone would not be read, and one of the
     * embedding would change the head too, which the adapter was not trained to.
     */
    private void checkTie(String tensor, String module) {
        boolean head = module.equals("lm_head");
        if (!head && !EMBEDDINGS.contains(module.substring(module.lastIndexOf('.') + 1))) {
            return;
        }
        JsonElement written = config.get("tie_word_embeddings");
        boolean silent = written == null || written.isJsonNull();
        JsonElement type = config.get("model_type");
        boolean untied =
                silent ? type != null && UNTIED_BY_DEFAULT.contains(type) : new JsonPrimitive(false).equals(written);
        if (!untied) {
            throw new IllegalArgumentException("adapter tensor " + tensor + " changes " + module + ", but the head of "
                    + base + " is tied to its embedding (tie_word_embeddings is "
                    + (silent
                            ? "not in config.json, model_type is " + JsonFile.shorten(type)
                            : JsonFile.shorten(written))
                    + "): the merged model would lose the change, or make it twice; untie the base first, by an"
                    + " lm_head.weight that is a copy of the embedding and \"tie_word_embeddings\": false");
        }
    }

    /** GPT-2's first checkpoints lack the prefix that its modules have. */
    private String weightOf(String module, TensorSource source) {
        String weight = module + ".weight";
        boolean bare =
                gpt2 && weight.startsWith("transformer.") && !source.names().contains(weight);
        return bare ? weight.substring("transformer.".length()) : weight;
    }

    private boolean isTransposed(String module) {
        return gpt2 && TRANSPOSED.contains(module.substring(module.lastIndexOf('.') + 1));
    }

    private Tensor part(String module, String which) {
        return Objects.requireNonNull(adapter.get(module + which), module);
    }

    /** Writes one file of weights; gives the bytes of its tensors. */
    private long writeFile(Path target, SafetensorsFile file, Map<String, String> modules) {
        Map<String, PendingTensor> tensors = new TreeMap<>();
        for (String name : file.names()) {
            String module = modules.get(name);
            Dtype from = file.dtype(name);
            Dtype to = type != null && from.readsAsFloat() ? type.dtype : from;
            AtomicFile.Content content = module == null && to == from
                    ? channel -> copy(file, name, channel)
                    : channel -> change(file, name, module, to, channel);
            tensors.put(name, new PendingTensor(to, file.shape(name), content));
        }
        Map<String, String> metadata = new TreeMap<>(file.metadata());
        metadata.putIfAbsent("format", "pt"); // transformers asks for it
        new SafetensorsWriter(tensors, metadata).writeTo(target);
        return tensors.values().stream().mapToLong(PendingTensor::bytes).sum();
    }

    private static long numbers(SafetensorsFile file, String name) {
        return Arrays.stream(file.shape(name)).asLongStream().reduce(1, (a, b) -> a * b);
    }

    private static void copy(SafetensorsFile file, String name, WritableByteChannel channel) throws IOException {
        long bytes = numbers(file, name) * file.dtype(name).bytes();
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, bytes));
        for (long at = 0; at < bytes; at += chunk.capacity()) {
            file.read(name, at, chunk.clear().limit((int) Math.min(chunk.capacity(), bytes - at)));
            AtomicFile.writeFully(channel, chunk.flip());
        }
    }

    /** Goes through a tensor by its rows, or by pieces of any length where nothing is added. */
    private void change(
            SafetensorsFile file, String name, @Nullable String module, Dtype to, WritableByteChannel channel)
            throws IOException {
        WeightChange change = module == null
                ? null
                : new WeightChange(scale, part(module, LoraNames.A), part(module, LoraNames.B), isTransposed(module));
        Dtype from = file.dtype(name);
        long numbers = numbers(file, name);
        int width = change == null ? (int) Math.min(CHUNK, numbers) : change.columns();
        double[] values = new double[width];
        ByteBuffer in = ByteBuffer.allocate(width * from.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer out = ByteBuffer.allocate(width * to.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        int row = 0;
        for (long at = 0; at < numbers; at += width) {
            int count = (int) Math.min(width, numbers - at);
            file.read(name, at * from.bytes(), in.clear().limit(count * from.bytes()));
            from.decode(in.flip(), values, count);
            if (change != null) {
                change.addTo(values, row++);
            }
            for (int i = 0; i < count; i++) {
                if (!to.holds(values[i])) {
                    throw new IllegalArgumentException("tensor " + name + " holds " + values[i] + " at " + (at + i)
                            + ", too large for " + to + "; write it as F32");
                }
            }
            to.encode(values, count, out.clear());
            AtomicFile.writeFully(channel, out.flip());
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
        String key = changed.has("dtype") ? "dtype" : "torch_dtype"; // newer files, older ones
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
