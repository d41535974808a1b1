package io.github.fedhds.peft;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.gguf.GgufType;
import io.github.fedhds.internal.gguf.GgufWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.GgufNames;
import io.github.fedhds.transformer.AdapterForm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF model with a LoRA adapter merged in, for llama.cpp, Ollama and this library: every adapted weight W is written as
 * {@code W + scale B A}. From a GGUF file, metadata with the tokenizer and the order of rows are the base file's; from a
 * Hugging Face folder they are made of {@code config.json} and {@code tokenizer.json}. The sum is computed in double, and
 * rounded to float and then to the file's type.
 *
 * <p>Rows are changed and written one by one. Memory is the adapter and some rows of a GGUF file of any size, and one tensor of
 * a folder. Shards become one file. Time: reading the base and writing the file once, and {@code 2 rank} operations per
 * weight. Safe for many threads with different target files.
 */
public final class MergedGguf {
    private static final String SUFFIX = ".gguf";
    private static final String WEIGHT = ".weight";
    private static final String LAYER = "blk.";

    /** Type of the matrices; vectors and the position embedding are always F32. */
    public enum Type {
        /** 4 bytes per weight, exact. */
        F32(GgufType.F32, 0),

        /** 2 bytes per weight, numbers up to 65504. */
        F16(GgufType.F16, 1),

        /** 2 bytes per weight, the range of F32 with 8 bits of precision. */
        BF16(GgufType.BF16, 32),

        /** 8.5 bits per weight, in blocks of 32; a matrix whose rows are not whole blocks is F16. */
        Q8_0(GgufType.Q8_0, 7);

        private final GgufType matrices;
        private final int fileType; // llama.cpp's number for general.file_type

        Type(GgufType matrices, int fileType) {
            this.matrices = matrices;
            this.fileType = fileType;
        }
    }

    private final Path path;
    private final GgufBase base;
    private final GgufNames names;
    private final LoraConfig lora;
    private final Map<String, Tensor> adapter;
    private final Type type;

    private MergedGguf(Path path, GgufBase base, DecoderConfig config, LoraConfig lora, Adapter adapter, Type type) {
        this.path = path;
        this.base = base;
        this.names = new GgufNames(config);
        this.lora = lora;
        this.adapter = adapter.tensors();
        this.type = type;
    }

    /**
     * Writes a file; it is complete or not there.
     *
     * @param base a GGUF file, or the first one of several shards, in any type that this library reads; or a Hugging Face
     *     folder whose tensors are not packed
     * @param config rank, scale and target modules of the adapter
     * @param adapter as read by {@link PeftFolder}
     * @param out a file that does not exist, named {@code .gguf}
     * @throws IllegalArgumentException if the adapter does not fit configuration and base, lacks a module that the
     *     configuration's target modules mean, or a weight is too large for the type or not finite
     * @throws FedHdsException if the base is damaged or not supported, a folder's tokenizer has no form in GGUF, or {@code out}
     *     exists or cannot be written
     */
    public static void write(Path base, LoraConfig config, Adapter adapter, Path out, Type type) {
        PeftFolder.fault(config, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        if (!out.toString().toLowerCase(Locale.ROOT).endsWith(SUFFIX)) {
            throw new FedHdsException(out + " must end with " + SUFFIX + ", by which programs know the format");
        }
        if (Files.exists(out)) {
            throw new FedHdsException(out + " exists; a merged model is written to a new file");
        }
        DecoderConfig model = DecoderConfig.read(base);
        try (GgufBase opened = GgufBase.open(base, model)) {
            new MergedGguf(base, opened, model, config, adapter, type).writer().write(out);
        }
    }

    private GgufWriter writer() {
        Map<String, String> modules = modules();
        GgufWriter writer = new GgufWriter();
        base.putMetadata(writer);
        writer.put("general.file_type", type.fileType);
        if (type == Type.Q8_0) {
            writer.put("general.quantization_version", 2);
        }
        for (String name : base.names()) {
            int[] shape = base.shape(name);
            GgufType to = typeOf(name, shape);
            String module = modules.get(name);
            writer.addRows(name, shape, to, receiver -> rows(name, to, module, receiver));
        }
        return writer;
    }

    private GgufType typeOf(String name, int[] shape) {
        if (shape.length == 1 || name.equals("position_embd.weight")) {
            return GgufType.F32;
        }
        return shape[shape.length - 1] % type.matrices.elements() == 0 ? type.matrices : GgufType.F16;
    }

    private void rows(String name, GgufType to, @Nullable String module, Consumer<float[]> receiver) {
        WeightChange change = module == null
                ? null
                : new WeightChange(lora.scale(), part(module, LoraNames.A), part(module, LoraNames.B), false);
        boolean paired = module != null && names.isPaired(module);
        int[] shape = base.shape(name);
        double[] sum = new double[shape[shape.length - 1]];
        base.readRows(name, (row, values) -> {
            if (change != null) {
                for (int i = 0; i < sum.length; i++) {
                    sum[i] = values[i];
                }
                change.addTo(sum, paired ? names.unpaired(row) : row);
                for (int i = 0; i < sum.length; i++) {
                    values[i] = (float) sum[i];
                }
            }
            check(name, to, row, values);
            receiver.accept(values);
        });
    }

    private static void check(String name, GgufType to, int row, float[] values) {
        float largest = switch (to) {
            case F16 -> 65504;
            case BF16 -> 0x1.fep127f;
            case Q8_0 -> 65504 * 127; // the scale of a block is F16
            default -> Float.MAX_VALUE;
        };
        for (int column = 0; column < values.length; column++) {
            if (!(Math.abs(values[column]) <= largest)) {
                throw new IllegalArgumentException("tensor " + name + " holds " + values[column] + " in row " + row
                        + ", column " + column + "; " + to + " has numbers up to " + largest);
            }
        }
    }

    private Tensor part(String module, String which) {
        return Objects.requireNonNull(adapter.get(module + which), module);
    }

    /** The adapted module of each tensor that changes; throws if one does not fit. */
    private Map<String, String> modules() {
        Map<String, String> modules = new TreeMap<>();
        for (String name : adapter.keySet()) {
            if (name.endsWith(LoraNames.A)) { // each A has a B, as checked before
                String module = LoraNames.module(name);
                modules.put(tensorOf(name, module), module);
            }
        }
        checkComplete(modules);
        return modules;
    }

    private String tensorOf(String name, String module) {
        String tensor = names.gguf(module).orElse(module) + WEIGHT;
        boolean outside = !tensor.startsWith(LAYER);
        if (outside && !base.names().contains("output" + WEIGHT)) {
            throw new IllegalArgumentException("adapter tensor " + name + " changes " + module + ", but the head of "
                    + path + " is tied to its embedding: the merged model would lose the change, or make it twice");
        }
        if (!base.names().contains(tensor)) {
            throw new IllegalArgumentException("adapter tensor " + name + " changes " + tensor + ", which " + path
                    + " lacks; was the adapter trained on another model?");
        }
        int[] wanted = {
            part(module, LoraNames.B).shape()[0], part(module, LoraNames.A).shape()[1]
        };
        if (!Arrays.equals(base.shape(tensor), wanted)) {
            throw new IllegalArgumentException(path + ": " + tensor + " has shape "
                    + Arrays.toString(base.shape(tensor)) + ", the adapter's " + module + " needs "
                    + Arrays.toString(wanted) + "; was the adapter trained on another model?");
        }
        return tensor;
    }

    /** A partial adapter is refused, as a model refuses it that it is put on. */
    private void checkComplete(Map<String, String> modules) {
        for (String tensor : base.names()) {
            if (modules.containsKey(tensor) || !tensor.endsWith(WEIGHT) || base.shape(tensor).length != 2) {
                continue;
            }
            String module = names.huggingFace(tensor.substring(0, tensor.length() - WEIGHT.length()))
                    .orElse("");
            for (String target : lora.targetModules()) {
                // all-linear means the modules of the layers, not head and embedding
                if (AdapterForm.matches(target, module)
                        && (tensor.startsWith(LAYER) || !target.equals(AdapterForm.ALL_LINEAR))) {
                    throw new IllegalArgumentException("adapter tensor " + module + LoraNames.A
                            + " is missing: target module " + target + " means " + tensor + " of " + path
                            + " too; was its file cut, or the adapter trained on some of the layers?");
                }
            }
        }
    }
}
