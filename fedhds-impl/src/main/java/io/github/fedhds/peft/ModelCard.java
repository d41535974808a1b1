package io.github.fedhds.peft;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.lora.LoraConfig;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * What a PEFT folder tells about its adapter: the base model and figures of the run. {@link PeftFolder#write(Path,
 * LoraConfig, Adapter, ModelCard)} writes it as {@code README.md}. Immutable, safe for many threads.
 *
 * @param base folder of the base model, whose tokenizer files are copied, or its GGUF file, of whose vocabulary they are
 *     made; empty if unknown
 * @param tokenizer {@code tokenizer.json} that was used in place of a GGUF file's vocabulary; see {@link
 *     io.github.fedhds.model.ModelOptions#tokenizer}
 * @param baseName name under which other programs find the base model, such as {@code HuggingFaceTB/SmolLM2-135M-Instruct};
 *     may be a path; empty if unknown
 * @param figures names and values, in the order of the card
 * @see <a href="https://huggingface.co/docs/hub/model-cards">Model cards</a>
 */
public record ModelCard(Optional<Path> base, Optional<Path> tokenizer, String baseName, Map<String, String> figures) {
    /** @throws IllegalArgumentException if a text has line breaks or other control characters */
    public ModelCard {
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        line("the base model's name", baseName);
        figures.forEach((name, value) -> {
            line("a figure's name", name);
            line(name, value);
        });
    }

    /** A card for an adapter of the model at a path; the path is also the model's name. */
    public static ModelCard of(Path base) {
        return new ModelCard(Optional.of(base), Optional.empty(), base.toString(), Map.of());
    }

    /** A card that has the model's name only. */
    public static ModelCard named(String baseName) {
        return new ModelCard(Optional.empty(), Optional.empty(), baseName, Map.of());
    }

    /** The same with another name of the base model. */
    public ModelCard withBaseName(String newBaseName) {
        return new ModelCard(base, tokenizer, newBaseName, figures);
    }

    /** The same for a GGUF base that was loaded with an own {@code tokenizer.json}. */
    public ModelCard withTokenizer(Path newTokenizer) {
        return new ModelCard(base, Optional.of(newTokenizer), baseName, figures);
    }

    /** The same with one more figure at the end, or with another value of it. */
    public ModelCard with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(figures);
        more.put(name, value);
        return new ModelCard(base, tokenizer, baseName, more);
    }

    private static void line(String what, String text) {
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(what + " must be one line without control characters, was \""
                    + text.replaceAll("\\p{Cntrl}", "?") + "\"");
        }
    }

    /** The text of README.md. */
    String text(LoraConfig config, Adapter adapter) {
        String name = baseName.isEmpty() ? "MODEL" : baseName;
        StringJoiner text = new StringJoiner("\n", "", "\n");
        text.add("---");
        if (!baseName.isEmpty()) {
            text.add("base_model: " + quoted(baseName));
        }
        text.add("library_name: peft")
                .add("pipeline_tag: text-generation")
                .add("tags:\n- lora")
                .add("---");
        text.add("").add("# LoRA adapter").add("");
        text.add("Tuned on instructions by FedHDS, in the layout of PEFT.").add("");
        text.add("| setting | value |").add("|---|---|");
        row(text, "base model", baseName.isEmpty() ? "unknown" : code(baseName));
        row(text, "rank", String.valueOf(config.rank()));
        row(text, "alpha", number(config.alpha()));
        row(text, "scale", number(config.scale()) + (config.rsLora() ? ", alpha / sqrt(rank)" : ", alpha / rank"));
        row(text, "dropout in training", number(config.dropout()));
        row(
                text,
                "target modules",
                config.targetModules().stream().map(ModelCard::code).collect(Collectors.joining(", ")));
        row(
                text,
                "parameters",
                String.valueOf(adapter.tensors().values().stream()
                        .mapToLong(tensor -> tensor.size())
                        .sum()));
        if (!figures.isEmpty()) {
            text.add("")
                    .add("## Figures of the run")
                    .add("")
                    .add("| figure | value |")
                    .add("|---|---|");
            figures.forEach((figure, value) -> row(text, figure, value));
        }
        text.add("").add("## Loading").add("").add("transformers and PEFT:").add("");
        text.add("```python").add("from peft import PeftModel").add("from transformers import AutoModelForCausalLM");
        text.add("model = AutoModelForCausalLM.from_pretrained(" + quoted(name) + ")");
        text.add("model = PeftModel.from_pretrained(model, \"ADAPTER_FOLDER\")").add("```");
        for (AdapterServer server : AdapterServer.values()) {
            Optional<String> refusal = server.refusal(config, adapter);
            text.add("")
                    .add(server + (refusal.isPresent() ? " does not load this adapter: " + refusal.get() + "." : ":"));
            if (refusal.isEmpty()) {
                text.add("").add("```").add(server.use(name, config)).add("```");
                server.condition().ifPresent(condition -> text.add("").add(condition));
            }
        }
        return text.toString();
    }

    private static void row(StringJoiner text, String name, String value) {
        text.add("| " + name.replace("|", "\\|") + " | " + value.replace("|", "\\|") + " |");
    }

    private static String code(String text) {
        return text.contains("`") ? "`` " + text + " ``" : "`" + text + "`";
    }

    /** In double quotes, as YAML and Python read it. */
    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.valueOf((long) value)
                : String.format(Locale.ROOT, "%.6g", value).replaceAll("0+$", "");
    }
}
