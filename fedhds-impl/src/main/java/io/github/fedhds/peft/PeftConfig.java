package io.github.fedhds.peft;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.JsonOptions;
import io.github.fedhds.lora.LoraConfig;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** {@code adapter_config.json} of PEFT. Unknown options that could change a number are rejected by name. */
final class PeftConfig {
    private static final long MAX_BYTES = 1 << 20;

    /** Options that are read. */
    private static final Set<String> READ = Set.of(
            "peft_type",
            "r",
            "rank_pattern",
            "lora_alpha",
            "alpha_pattern",
            "lora_dropout",
            "target_modules",
            "use_rslora",
            "base_model_name_or_path");

    /**
     * Options that change no number of a plain LoRA adapter: its origin, the layout of base weights, and parameters of methods that are rejected if they are enabled.
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
            "megatron_core",
            "qalora_group_size",
            "ensure_weight_tying",
            "eva_config",
            "runtime_config");

    /** The version of PEFT whose format this is, and which the written folders were loaded with. */
    private static final String VERSION = "0.21.2";

    private final Path file;
    private final JsonObject json;

    private PeftConfig(Path file) {
        this.file = file;
        json = JsonFile.readObject(file, MAX_BYTES);
    }

    /** Reads a file; rejects unsupported options. */
    static PeftConfig read(Path file) {
        PeftConfig config = new PeftConfig(file);
        config.check();
        return config;
    }

    private void check() {
        JsonElement type = json.get("peft_type");
        if (!isString(type) || !type.getAsString().equals("LORA")) {
            throw fault("peft_type must be \"LORA\"", type);
        }
        for (Map.Entry<String, JsonElement> option : json.entrySet()) {
            String name = option.getKey();
            JsonElement value = option.getValue();
            if (name.equals("layers_to_transform") && !isOff(value)) {
                throw new FedHdsException(file + ": option layers_to_transform is " + JsonFile.shorten(value)
                        + "; only adapters on all layers alike are supported: train without this option");
            }
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

    /** Some initialisations change the base weights, so their adapters do not fit the original weights. */
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
        JsonElement name = json.get("base_model_name_or_path");
        return isString(name) ? name.getAsString() : "";
    }

    /** The configuration; if the file has no list of target modules, it uses those of the tensors. */
    LoraConfig lora(List<String> modulesOfTensors) {
        try {
            boolean rsLora = new JsonOptions("", json).flag("use_rslora");
            double rank = number("r", 8);
            if (rank != (int) rank) {
                throw fault("r must be a whole number", json.get("r"));
            }
            return new LoraConfig(
                    (int) rank,
                    number("lora_alpha", 8),
                    number("lora_dropout", 0),
                    targetModules().orElse(modulesOfTensors),
                    rsLora);
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(file + ": " + e.getMessage(), e);
        }
    }

    /** Whether some modules have a rank or an alpha of their own. */
    boolean isMixed() {
        return !pattern("rank_pattern").isEmpty() || !pattern("alpha_pattern").isEmpty();
    }

    /** The rank of the module of a full name. */
    int rank(String module) {
        double rank = own("rank_pattern", module).orElse(number("r", 8));
        if (rank != (int) rank || rank < 1) {
            throw fault("the rank of " + module + " must be a whole number of 1 or more", new JsonPrimitive(rank));
        }
        return (int) rank;
    }

    /** The scale of the module of a full name. */
    double scale(String module) {
        double alpha = own("alpha_pattern", module).orElse(number("lora_alpha", 8));
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw fault("the alpha of " + module + " must be finite and above 0", new JsonPrimitive(alpha));
        }
        boolean rsLora = new JsonOptions("", json).flag("use_rslora");
        return alpha / (rsLora ? Math.sqrt(rank(module)) : rank(module));
    }

    /** The value of the first key that matches the end of a name, as in PEFT's {@code get_pattern_key}. */
    private OptionalDouble own(String name, String module) {
        for (Map.Entry<String, JsonElement> entry : pattern(name).entrySet()) {
            try {
                if (Pattern.matches("(.*\\.)?(" + entry.getKey() + ")", module)) {
                    return OptionalDouble.of(number(name + "." + entry.getKey(), entry.getValue()));
                }
            } catch (PatternSyntaxException e) {
                throw fault("a key of " + name + " must be a regular expression", new JsonPrimitive(entry.getKey()));
            }
        }
        return OptionalDouble.empty();
    }

    private Map<String, JsonElement> pattern(String name) {
        JsonElement value = json.get(name);
        if (value == null || isOff(value)) {
            return Map.of();
        }
        if (!(value instanceof JsonObject object)) {
            throw fault(name + " must be an object of module names and numbers", value);
        }
        return object.asMap();
    }

    private Optional<List<String>> targetModules() {
        JsonElement value = json.get("target_modules");
        if (value == null || value.isJsonNull() || isString(value)) { // a pattern, or the default of the architecture
            return Optional.empty();
        }
        if (!value.isJsonArray()) {
            throw fault("target_modules must be a list of names or a pattern", value);
        }
        List<String> names = new ArrayList<>();
        for (JsonElement name : value.getAsJsonArray()) {
            if (!isString(name)) {
                throw fault("target_modules must be a list of names or a pattern", value);
            }
            names.add(name.getAsString());
        }
        return Optional.of(names.stream().distinct().toList());
    }

    /** A number; PEFT's default if it is absent. */
    private double number(String name, double fallback) {
        JsonElement value = json.get(name);
        return value == null ? fallback : number(name, value);
    }

    private double number(String name, JsonElement value) {
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
            throw fault(name + " must be a number", value);
        }
        return value.getAsDouble();
    }

    /** The text of the file for a configuration. */
    static String write(LoraConfig config, String baseModelName, boolean fanInFanOut) {
        JsonObject json = new JsonObject();
        json.add("alpha_pattern", new JsonObject());
        json.addProperty("base_model_name_or_path", baseModelName);
        json.addProperty("bias", "none");
        json.addProperty("fan_in_fan_out", fanInFanOut);
        json.addProperty("inference_mode", true);
        json.addProperty("init_lora_weights", true);
        json.addProperty("lora_alpha", plain(config.alpha()));
        json.addProperty("lora_dropout", config.dropout());
        json.add("modules_to_save", JsonNull.INSTANCE);
        json.addProperty("peft_type", "LORA");
        json.addProperty("peft_version", VERSION);
        json.addProperty("r", config.rank());
        json.add("rank_pattern", new JsonObject());
        JsonArray modules = new JsonArray();
        config.targetModules().forEach(modules::add);
        json.add("target_modules", modules);
        json.addProperty("task_type", "CAUSAL_LM");
        json.addProperty("use_dora", false);
        json.addProperty("use_rslora", config.rsLora());
        return MergedFolder.JSON.toJson(json) + "\n";
    }

    /** 16 instead of 16.0, because PEFT's alpha is an int. */
    private static Number plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Number) (long) value : BigDecimal.valueOf(value);
    }
}
