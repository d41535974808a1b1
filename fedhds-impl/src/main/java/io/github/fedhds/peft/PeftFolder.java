package io.github.fedhds.peft;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.SafetensorsFile;
import io.github.fedhds.internal.safetensors.SafetensorsWriter;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.tokenizer.TokenizerFiles;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A LoRA adapter in the layout of Hugging Face PEFT: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 * A tensor that is {@code model.layers.0.self_attn.q_proj.lora_A} here is {@code
 * base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight} there.
 *
 * @param config rank, scale and target modules
 * @param adapter {@code lora_A} of shape {@code [rank, in]} and {@code lora_B} of shape {@code [out, rank]} per module
 * @param baseModelName name or path of the base model; empty if unknown
 * @see <a href="https://huggingface.co/docs/peft/developer_guides/checkpoint">PEFT checkpoint format</a>
 */
public record PeftFolder(LoraConfig config, Adapter adapter, String baseModelName) {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String CARD = "README.md";

    private static final String PREFIX = "base_model.model.";
    private static final String SUFFIX = ".weight";
    private static final Pattern IN_LAYER = Pattern.compile(".*\\.\\d+\\.");
    private static final Pattern NAME = Pattern.compile("[\\w.]+");

    /**
     * Reads a folder. Modules that have a rank or an alpha of their own ({@code rank_pattern}, {@code alpha_pattern}) get
     * one rank and alpha: A and B are filled up with zeros, and B is multiplied.
     *
     * @throws FedHdsException if a file is missing or damaged, if the configuration enables more than plain LoRA and
     *     rsLoRA, or if tensors and configuration disagree; the message names file and option or tensor
     */
    public static PeftFolder read(Path folder) {
        PeftConfig peft = PeftConfig.read(folder.resolve(CONFIG));
        Path weights = folder.resolve(WEIGHTS);
        if (!Files.exists(weights)) {
            throw new FedHdsException(weights + ": there is no such file"
                    + (Files.exists(folder.resolve("adapter_model.bin"))
                            ? "; adapter_model.bin is a Python pickle, save it as safetensors"
                            : ""));
        }
        Map<String, Tensor> tensors = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            for (String name : file.names()) {
                tensors.put(ownName(weights, name), file.readTensor(name));
            }
        }
        LoraConfig plain = peft.lora(modules(tensors.keySet()));
        LoraConfig config = peft.isMixed() ? uniform(plain, peft, tensors.keySet()) : plain;
        Adapter adapter = peft.isMixed() ? uniform(weights, config, peft, tensors) : new Adapter(tensors);
        fault(config, adapter).or(adapter::firstNonFinite).ifPresent(fault -> {
            throw new FedHdsException(weights + ": " + fault);
        });
        return new PeftFolder(config, adapter, peft.baseModelName());
    }

    /** The configuration with the largest rank of a module, and the scale of the modules without a pattern. */
    private static LoraConfig uniform(LoraConfig plain, PeftConfig peft, Set<String> tensors) {
        int rank = tensors.stream()
                .mapToInt(name -> peft.rank(LoraNames.module(name)))
                .max()
                .orElse(plain.rank());
        return plain.withRank(rank).withAlpha(plain.scale() * (plain.rsLora() ? Math.sqrt(rank) : rank));
    }

    private static Adapter uniform(Path file, LoraConfig config, PeftConfig peft, Map<String, Tensor> tensors) {
        try {
            return UniformRank.of(config, tensors, peft::rank, peft::scale);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * A model with this adapter, for generation or evaluation: {@code PeftFolder.read(folder).on(model).answer(text,
     * 128)}.
     *
     * @throws IllegalArgumentException if the adapter's names or shapes do not fit the model
     */
    public AdaptedModel on(LanguageModel model) {
        return model.with(config.form(), adapter);
    }

    /**
     * Writes a folder that PEFT can load, with a model card that has the base model's name only.
     *
     * @param baseModelName name or path under which PEFT finds the base model; may be empty
     * @see #write(Path, LoraConfig, Adapter, ModelCard)
     */
    public static void write(Path folder, LoraConfig config, Adapter adapter, String baseModelName) {
        write(folder, config, adapter, ModelCard.named(baseModelName));
    }

    /**
     * Writes a folder that PEFT can load: configuration, weights, the card as {@code README.md}, and {@code tokenizer.json},
     * {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code chat_template.jinja}: copies, as far as the
     * card's base is a folder that has them, or made from the vocabulary if the base is a GGUF file. Creates the folder if it
     * is missing, and moves each file into place when complete.
     *
     * @throws IllegalArgumentException if the adapter's tensors do not fit the configuration, or the folder is the base's
     * @throws FedHdsException if a file cannot be read or written
     */
    public static void write(Path folder, LoraConfig config, Adapter adapter, ModelCard card) {
        fault(config, adapter).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        Optional<Path> base = card.base().filter(path -> Files.isDirectory(path) || GgufFile.isGguf(path));
        if (base.filter(Files::isDirectory).isPresent() && isSame(base.get(), folder)) {
            throw new IllegalArgumentException(
                    folder + " is the folder of the base model, whose README.md would be lost; name another one");
        }
        Map<String, byte[]> tokenizer =
                base.map(from -> TokenizerFiles.of(from, card.tokenizer())).orElse(Map.of());
        LoraConfig named = named(config, adapter);
        Map<String, Tensor> tensors = new TreeMap<>();
        adapter.tensors().forEach((name, tensor) -> tensors.put(PREFIX + name + SUFFIX, tensor));
        SafetensorsWriter.write(folder.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
        if (base.isPresent()) {
            writeTokenizer(tokenizer, folder);
        }
        AtomicFile.write(folder.resolve(CARD), card.text(named, adapter).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(
                folder.resolve(CONFIG),
                PeftConfig.write(named, card.baseName(), liesTransposed(adapter))
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isSame(Path base, Path folder) {
        try {
            return Files.exists(folder) && Files.isSameFile(base, folder);
        } catch (IOException e) {
            throw FileFault.of(folder, "cannot be read", e);
        }
    }

    /** A file that this base lacks is deleted, because it is of an earlier base. */
    private static void writeTokenizer(Map<String, byte[]> files, Path folder) {
        for (String name : TokenizerFiles.names()) {
            byte[] content = files.get(name);
            if (content != null) {
                AtomicFile.write(folder.resolve(name), content);
            } else {
                delete(folder, name);
            }
        }
    }

    private static void delete(Path folder, String name) {
        try {
            Files.deleteIfExists(folder.resolve(name));
        } catch (IOException e) {
            throw FileFault.of(folder.resolve(name), "cannot be deleted", e);
        }
    }

    /**
     * Deletes the files that {@link #write(Path, LoraConfig, Adapter, ModelCard)} writes, if they exist; keeps other files.
     *
     * @throws FedHdsException if a file cannot be deleted
     */
    public static void delete(Path folder) {
        List<String> names = new ArrayList<>(List.of(CONFIG, WEIGHTS, CARD));
        names.addAll(TokenizerFiles.names());
        names.forEach(name -> delete(folder, name));
    }

    private static String ownName(Path file, String name) {
        if (name.startsWith(PREFIX) && (name.endsWith(LoraNames.A + SUFFIX) || name.endsWith(LoraNames.B + SUFFIX))) {
            return name.substring(PREFIX.length(), name.length() - SUFFIX.length());
        }
        throw new FedHdsException(file + ": tensor " + name + " is none of plain LoRA; expected " + PREFIX
                + "...lora_A.weight or ...lora_B.weight");
    }

    /** Names of the adapted modules within a layer, such as {@code self_attn.q_proj}. */
    static List<String> modules(Set<String> tensors) {
        return tensors.stream()
                .map(LoraNames::module)
                .map(module -> IN_LAYER.matcher(module).replaceFirst(""))
                .distinct()
                .toList();
    }

    /** PEFT's targets are a list of names, so patterns are replaced by the names that they match. */
    private static LoraConfig named(LoraConfig config, Adapter adapter) {
        boolean plain = config.targetModules().stream()
                .allMatch(target -> NAME.matcher(target).matches());
        return plain
                ? config
                : config.withTargetModules(modules(adapter.tensors().keySet()));
    }

    /** True for GPT-2's modules, whose base weights are {@code [in, out]}: PEFT needs an option for that. */
    private static boolean liesTransposed(Adapter adapter) {
        return adapter.tensors().keySet().stream().anyMatch(name -> name.startsWith("transformer.h."));
    }

    /** The first reason why an adapter does not fit a configuration. */
    static Optional<String> fault(LoraConfig config, Adapter adapter) {
        Map<String, Tensor> tensors = adapter.tensors();
        if (tensors.isEmpty()) {
            return Optional.of("the adapter has no tensor");
        }
        for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
            String name = named.getKey();
            boolean isA = name.endsWith(LoraNames.A);
            if (!isA && !name.endsWith(LoraNames.B)) {
                return Optional.of("tensor " + name + " is named neither ...lora_A nor ...lora_B");
            }
            int[] shape = named.getValue().shape();
            if (shape.length != 2 || shape[isA ? 0 : 1] != config.rank()) {
                return Optional.of("tensor " + name + " has shape " + Arrays.toString(shape) + ", rank " + config.rank()
                        + " needs " + (isA ? "[" + config.rank() + ", in]" : "[out, " + config.rank() + "]")
                        + "; was the adapter trained with another rank?");
            }
            String module = LoraNames.module(name);
            if (!tensors.containsKey(module + (isA ? LoraNames.B : LoraNames.A))) {
                return Optional.of(
                        "tensor " + name + " has no " + module + (isA ? LoraNames.B : LoraNames.A) + " beside it");
            }
            if (!config.targets(module)) {
                return Optional.of("tensor " + name + " is of none of the target modules "
                        + JsonFile.shorten(config.targetModules()));
            }
        }
        return Optional.empty();
    }
}
