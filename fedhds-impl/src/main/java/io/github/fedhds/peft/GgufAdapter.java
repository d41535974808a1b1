package io.github.fedhds.peft;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.internal.json.JsonOptions;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.GgufNames;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A LoRA adapter as a GGUF file, for {@code llama.cpp --lora} and Ollama's {@code ADAPTER}. These apply the scale alpha /
 * rank, so with rsLoRA the file has alpha sqrt(rank). Rows of B of queries and keys get llama.cpp's order.
 *
 * @see <a href="https://github.com/ggml-org/llama.cpp/blob/master/convert_lora_to_gguf.py">llama.cpp's converter</a>
 */
public final class GgufAdapter {
    private static final String ALPHA = "adapter.lora.alpha";
    private static final String A = ".weight.lora_a";
    private static final String B = ".weight.lora_b";

    private GgufAdapter() {}

    /**
     * Writes a file.
     *
     * @param base configuration of the model that the adapter is for
     * @throws IllegalArgumentException if the tensors do not fit the configuration, are not finite, or are for a module that
     *     GGUF adapters do not have
     * @throws FedHdsException if the file cannot be written
     */
    public static void write(Path file, DecoderConfig base, LoraConfig config, Adapter adapter) {
        PeftFolder.fault(config, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        GgufNames names = new GgufNames(base);
        GgufWriter writer = new GgufWriter()
                .put("general.type", "adapter")
                .put("general.architecture", names.architecture())
                .put("adapter.type", "lora")
                .put(ALPHA, (float) (config.scale() * config.rank()));
        adapter.tensors().forEach((name, tensor) -> {
            String module = LoraNames.module(name);
            if (names.gguf(module).equals(Optional.of("token_embd"))) {
                throw new IllegalArgumentException(
                        "module " + module
                                + " is the token embedding, whose adapters llama.cpp refuses; train without this target module");
            }
            String gguf = names.gguf(module)
                    .orElseThrow(() -> new IllegalArgumentException(
                            "module " + module + " has no name in GGUF files of " + names.architecture()));
            boolean first = name.endsWith(LoraNames.A);
            writer.add(
                    gguf + (first ? A : B),
                    tensor.shape(),
                    GgufType.F32,
                    () -> first ? tensor.toArray() : rows(names, module, tensor, true));
        });
        config.form().flatten(base, adapter); // throws if the adapter is of another model
        writer.write(file);
    }

    /**
     * Reads a file that {@link #write} or llama.cpp's converter has written. Modules of different ranks get the largest
     * one.
     *
     * @param base configuration of the model that the adapter is for
     * @throws FedHdsException if the file is damaged, is not a LoRA adapter, or is for another architecture
     */
    public static PeftFolder read(Path file, DecoderConfig base) {
        GgufNames names = new GgufNames(base);
        try (GgufFile gguf = GgufFile.open(file)) {
            JsonOptions options = gguf.options();
            options.oneOf("general.type", List.of("adapter"));
            options.oneOf("adapter.type", List.of("lora"));
            options.oneOf("general.architecture", List.of(names.architecture()));
            double alpha = options.number(ALPHA);
            Map<String, Tensor> tensors = new TreeMap<>();
            for (String name : gguf.names()) {
                tensors.put(ownName(names, name), tensor(gguf, name));
            }
            Map<String, Integer> ranks = new TreeMap<>();
            tensors.forEach((name, tensor) -> {
                if (name.endsWith(LoraNames.A)) {
                    ranks.put(LoraNames.module(name), UniformRank.rankOf(tensor, true));
                }
            });
            int rank = ranks.values().stream()
                    .max(Integer::compare)
                    .orElseThrow(() -> new IllegalArgumentException("it has no tensor"));
            List<String> modules = PeftFolder.modules(tensors.keySet());
            LoraConfig config = new LoraConfig(rank, alpha == 0 ? rank : alpha, 0, modules, false);
            tensors.replaceAll((name, tensor) -> name.endsWith(LoraNames.A)
                    ? tensor
                    : new Tensor(tensor.shape(), rows(names, LoraNames.module(name), tensor, false)));
            Adapter adapter = ranks.values().stream().distinct().count() == 1
                    ? new Adapter(tensors)
                    : UniformRank.of(
                            config,
                            tensors,
                            module -> ranks.getOrDefault(module, 0),
                            module -> alpha == 0 ? 1 : alpha / ranks.getOrDefault(module, 1));
            PeftFolder.fault(config, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
                throw new IllegalArgumentException(fault);
            });
            return new PeftFolder(config, adapter, "");
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private static String ownName(GgufNames names, String name) {
        String suffix = name.endsWith(A) ? A : B;
        if (!name.endsWith(suffix)) {
            throw new IllegalArgumentException("tensor " + name + " is none of LoRA; expected ..." + A + " or ..." + B);
        }
        String module = name.substring(0, name.length() - suffix.length());
        return names.huggingFace(module)
                        .orElseThrow(() -> new IllegalArgumentException(
                                "tensor " + name + " is not known for " + names.architecture()))
                + (suffix.equals(A) ? LoraNames.A : LoraNames.B);
    }

    private static Tensor tensor(GgufFile file, String name) {
        int[] shape = file.shape(name);
        if (shape.length != 2) {
            throw new IllegalArgumentException("tensor " + name + " must have 2 axes, was " + shape.length);
        }
        float[] values = new float[Math.multiplyExact(shape[0], shape[1])];
        file.readRows(name, (row, from) -> System.arraycopy(from, 0, values, row * shape[1], shape[1]));
        return new Tensor(shape, values);
    }

    /** B's values with its rows in the order of the other side. */
    private static float[] rows(GgufNames names, String module, Tensor b, boolean toGguf) {
        float[] values = b.toArray();
        if (!names.isPaired(module)) {
            return values;
        }
        int columns = b.shape()[1];
        float[] result = new float[values.length];
        for (int row = 0; row < b.shape()[0]; row++) {
            int other = names.unpaired(row);
            System.arraycopy(
                    values, (toGguf ? other : row) * columns, result, (toGguf ? row : other) * columns, columns);
        }
        return result;
    }
}
