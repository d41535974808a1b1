package io.github.fedhds.peft;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.internal.safetensors.PendingTensor;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.internal.safetensors.TensorSource;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.transformer.AdapterForm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The weights of a merged model: finds those that an adapter changes, and writes their files row by row. */
final class MergedWeights {
    private static final int CHUNK = 1 << 16;
    private static final String WEIGHT = ".weight";
    private static final Pattern IN_LAYER = Pattern.compile("\\.\\d+\\.");

    /** GPT-2's layers whose weights are stored as {@code [in, out]}. */
    private static final Set<String> TRANSPOSED = Set.of("c_attn", "c_proj", "c_fc", "q_attn");

    private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "wte");

    /** Families whose head and embedding are separate weights in transformers unless the configuration ties them. */
    private static final Set<JsonElement> UNTIED_BY_DEFAULT = Set.of(
            new JsonPrimitive("llama"),
            new JsonPrimitive("mistral"),
            new JsonPrimitive("qwen2"),
            new JsonPrimitive("qwen3"));

    private final Path base;
    private final JsonObject config;
    private final LoraConfig lora;
    private final double scale;
    private final Map<String, Tensor> adapter;
    private final @Nullable Dtype dtype;
    private final boolean gpt2;

    /**
     * @param base model folder, for messages
     * @param config its {@code config.json}
     * @param lora scale of {@code B A}, and the target modules, each of which the adapter must have
     * @param dtype type of the written floating-point weights; null keeps the base's
     */
    MergedWeights(Path base, JsonObject config, LoraConfig lora, Map<String, Tensor> adapter, @Nullable Dtype dtype) {
        this.base = base;
        this.config = config;
        this.lora = lora;
        this.scale = lora.scale();
        this.adapter = adapter;
        this.dtype = dtype;
        this.gpt2 = new JsonPrimitive("gpt2").equals(config.get("model_type"));
    }

    /** The adapted module of each weight that changes; throws if one does not fit. */
    Map<String, String> modules(TensorSource source, Path where) {
        Map<String, String> modules = new TreeMap<>();
        for (String name : adapter.keySet()) {
            if (!name.endsWith(LoraNames.A)) {
                continue; // each A has a B, as checked before
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
        checkComplete(modules, source, where);
        return modules;
    }

    /**
     * As a model does that an adapter is put on: a base weight that the target modules mean, without its tensors in the
     * adapter, is the mark of a damaged or partial adapter.
     */
    private void checkComplete(Map<String, String> modules, TensorSource source, Path where) {
        for (String weight : source.names()) {
            if (modules.containsKey(weight) || !weight.endsWith(WEIGHT) || source.shape(weight).length != 2) {
                continue;
            }
            String bare = weight.substring(0, weight.length() - WEIGHT.length());
            String module = gpt2 && bare.startsWith("h.") ? "transformer." + bare : bare;
            boolean inLayer = IN_LAYER.matcher(module).find();
            for (String target : lora.targetModules()) {
                // all-linear means the modules of the layers, not head and embedding
                if (AdapterForm.matches(target, module) && (inLayer || !target.equals(AdapterForm.ALL_LINEAR))) {
                    throw new IllegalArgumentException("adapter tensor " + module + LoraNames.A
                            + " is missing: target module " + target + " means " + weight + " of " + where
                            + " too, and an adapter has lora_A and lora_B for every module that its targets mean;"
                            + " was its file cut, or the adapter trained on some of the layers?");
                }
            }
        }
    }

    /**
     * Head and embedding of a tied model are one weight: readers would ignore a change of the head, and a change of the
     * embedding would also change the head, for which the adapter was not trained.
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

    /** GPT-2's original checkpoints lack the prefix of its modules. */
    private String weightOf(String module, TensorSource source) {
        String weight = module + WEIGHT;
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

    /** Writes one file of weights; returns the number of bytes of its tensors. */
    long write(Path target, SafetensorsFile file, Map<String, String> modules) {
        Map<String, PendingTensor> tensors = new TreeMap<>();
        for (String name : file.names()) {
            String module = modules.get(name);
            Dtype from = file.dtype(name);
            Dtype to = dtype != null && from.readsAsFloat() ? dtype : from;
            AtomicFile.Content content = module == null && to == from
                    ? channel -> copy(file, name, channel)
                    : channel -> change(file, name, module, to, channel);
            tensors.put(name, new PendingTensor(to, file.shape(name), content));
        }
        Map<String, String> metadata = new TreeMap<>(file.metadata());
        metadata.putIfAbsent("format", "pt"); // transformers requires it
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

    /** Processes a tensor row by row, or in pieces of any length if nothing is added. */
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
}
