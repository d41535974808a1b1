package io.github.fedhds.peft;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.stream.JsonWriter;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import io.github.fedhds.lora.LoraConfig;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code adapter_config.json} of PEFT. Options that would change a number and are not known here are refused by name. */
final class PeftConfig {
    private static final long MAX_BYTES = 1 << 20;

    /** Options that are read. */
    private static final Set<String> READ = Set.of(
            "peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora", "base_model_name_or_path");

    /**
     * Options that change no number of a plain LoRA adapter: where it came from, which layers were chosen (the tensors
     * tell), how the base weight lies in memory, and parameters of methods that are refused where switched on.
     */
    private static final Set<String> HARMLESS = Set.of(
            "peft_version",
            "task_type",
            "inference_mode",
            "revision",
            "auto_mapping",
            "fan_in_fan_out",
            "exclude_modules",
            "layers_pattern",
            "layers_to_transform",
            "megatron_core",
            "qalora_group_size",
            "ensure_weight_tying",
            "eva_config",
            "runtime_config");

    private final Path file;
    private final JsonOptions options;

    private PeftConfig(Path file) {
        this.file = file;
        options = new JsonOptions("", JsonFile.readObject(file, MAX_BYTES));
    }

    /** Reads a file and refuses what it must. */
    static PeftConfig read(Path file) {
        PeftConfig config = new PeftConfig(file);
        config.check();
        return config;
    }

    private void check() {
        JsonElement type = options.json().get("peft_type");
        if (!isString(type) || !type.getAsString().equals("LORA")) {
            throw fault("peft_type must be \"LORA\"", type);
        }
        for (Map.Entry<String, JsonElement> option : options.json().entrySet()) {
            String name = option.getKey();
            JsonElement value = option.getValue();
            boolean plain = switch (name) {
                case "bias" ->
                    isOff(value) || (isString(value) && value.getAsString().equals("none"));
                case "init_lora_weights" -> keepsBaseWeights(value);
                default -> READ.contains(name) || HARMLESS.contains(name) || isOff(value);
            };
            if (!plain) {
                throw new FedHdsException(file + ": option " + name + " is " + JsonFile.shorten(value)
                        + ", which would change the numbers and is not supported; plain LoRA and rsLoRA are");
            }
        }
    }

    /** Some initialisations take a part out of the base weights: their adapters fit changed weights only. */
    private static boolean keepsBaseWeights(JsonElement value) {
        if (!isString(value)) {
            return value.isJsonNull()
                    || (value.isJsonPrimitive() && value.getAsJsonPrimitive().isBoolean());
        }
        return Set.of("gaussian", "orthogonal", "eva").contains(value.getAsString());
    }

    private static boolean isOff(JsonElement value) {
        return value.isJsonNull()
                || (value.isJsonObject() && value.getAsJsonObject().isEmpty())
                || (value.isJsonArray() && value.getAsJsonArray().isEmpty())
                || (value.isJsonPrimitive() && value.getAsJsonPrimitive().isBoolean() && !value.getAsBoolean());
    }

    private static boolean isString(@Nullable JsonElement value) {
        return value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isString();
    }

    private FedHdsException fault(String rule, @Nullable JsonElement was) {
        return new FedHdsException(file + ": " + rule + ", was " + JsonFile.shorten(was));
    }

    String baseModelName() {
        JsonElement name = options.json().get("base_model_name_or_path");
        return isString(name) ? name.getAsString() : "";
    }

    /** The configuration; where the file gives no list of target modules, they are those of the tensors. */
    LoraConfig lora(List<String> modulesOfTensors) {
        try {
            return new LoraConfig(
                    options.whole("r", 8),
                    options.number("lora_alpha", 8),
                    options.number("lora_dropout", 0),
                    targetModules().orElse(modulesOfTensors),
                    options.flag("use_rslora"));
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    private Optional<List<String>> targetModules() {
        JsonElement value = options.given("target_modules").orElse(JsonNull.INSTANCE);
        if (value.isJsonNull() || isString(value)) { // a pattern, or the default of the architecture
            return Optional.empty();
        }
        List<String> names = new ArrayList<>();
        for (JsonElement name : value instanceof JsonArray array ? array : List.of(JsonNull.INSTANCE)) {
            if (!isString(name)) {
                throw fault("target_modules must be a list of names or a pattern", value);
            }
            names.add(name.getAsString());
        }
        return Optional.of(names.stream().distinct().toList());
    }

    /** The file's text for a configuration. */
    static String write(LoraConfig config, String baseModelName, boolean fanInFanOut) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject();
            json.name("alpha_pattern").beginObject().endObject();
            json.name("base_model_name_or_path").value(baseModelName);
            json.name("bias").value("none");
            json.name("fan_in_fan_out").value(fanInFanOut);
            json.name("inference_mode").value(true);
            json.name("init_lora_weights").value(true);
            json.name("lora_alpha").value(plain(config.alpha()));
            json.name("lora_dropout").value(config.dropout());
            json.name("modules_to_save").nullValue();
            json.name("peft_type").value("LORA");
            json.name("r").value(config.rank());
            json.name("rank_pattern").beginObject().endObject();
            json.name("target_modules").beginArray();
            for (String module : config.targetModules()) {
                json.value(module);
            }
            json.endArray();
            json.name("task_type").value("CAUSAL_LM");
            json.name("use_dora").value(false);
            json.name("use_rslora").value(config.rsLora());
            json.endObject();
        } catch (IOException e) {
            throw new FedHdsException("cannot write to memory", e);
        }
        return text.append('\n').toString();
    }

    /** 16 rather than 16.0: PEFT's type for alpha is int. */
    private static Number plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Number) (long) value : BigDecimal.valueOf(value);
    }
}
