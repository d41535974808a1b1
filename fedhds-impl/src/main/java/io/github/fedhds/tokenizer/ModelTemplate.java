package io.github.fedhds.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.ChatTemplate.Form;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.file.Utf8Reader;
import io.github.fedhds.internal.gguf.GgufFile;
import io.github.fedhds.internal.json.JsonFile;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The chat template that a model was published with. It is a Jinja program, which is not run: its form is recognised by
 * its marks, and its default system text is read from it.
 *
 * @param source the Jinja program; empty if the model has none
 * @param where the file, and the entry in it, for messages
 */
record ModelTemplate(String source, String where) {
    private static final long MAX_BYTES = 64 << 20;
    private static final int MAX_CHARACTERS = 1 << 20;

    /** A whole system turn in one literal of the program, as Qwen 2 and SmolLM2 have it. */
    private static final Pattern CHATML_SYSTEM =
            Pattern.compile("<\\|im_start\\|>system(?:\\\\n|\\R)([^'\"{}<>]{1,10000})<\\|im_end\\|>");

    /** The lines before the system text of Llama 3.1 to 3.3, with the date that these templates use by default. */
    private static final String LLAMA31_DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

    /** The template of a folder or of a GGUF file. */
    static ModelTemplate read(Path model) {
        if (GgufFile.isGguf(model)) {
            try (GgufFile gguf = GgufFile.open(model)) {
                return of(gguf);
            }
        }
        Path file = model.resolve("chat_template.jinja");
        if (Files.isRegularFile(file)) {
            return new ModelTemplate(text(file), file.toString());
        }
        Path config = model.resolve("tokenizer_config.json");
        JsonElement value = Files.isRegularFile(config)
                ? JsonFile.readObject(config, MAX_BYTES).get("chat_template")
                : null;
        String where = config + ": chat_template";
        return new ModelTemplate(value instanceof JsonArray list ? named(list) : string(value), where);
    }

    static ModelTemplate of(GgufFile gguf) {
        String name = "tokenizer.chat_template";
        return new ModelTemplate(string(gguf.options().json().get(name)), gguf.file() + ": " + name);
    }

    /** The default one of several templates, each {name, template}. */
    private static String named(JsonArray list) {
        for (JsonElement element : list) {
            if (element instanceof JsonObject one && string(one.get("name")).equals("default")) {
                return string(one.get("template"));
            }
        }
        return "";
    }

    private static String string(@Nullable JsonElement element) {
        return element instanceof JsonPrimitive primitive && primitive.isString() ? primitive.getAsString() : "";
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MAX_CHARACTERS) {
                throw new FedHdsException(file + ": has " + Files.size(file) + " bytes, allowed are " + MAX_CHARACTERS);
            }
            try (Reader reader = Utf8Reader.open(file)) {
                StringWriter text = new StringWriter();
                reader.transferTo(text);
                return text.toString();
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
    }

    /**
     * The template in a form of this library; Alpaca's if the model has none.
     *
     * @throws FedHdsException if its form is not a supported one; the message names the setting that helps
     */
    PromptTemplate template() {
        if (source.isBlank()) {
            return PromptTemplate.alpaca();
        }
        List<PromptTemplate> known = known();
        if (known.size() != 1) {
            throw new FedHdsException(where + " is " + (known.isEmpty() ? "of no supported form" : "of several forms")
                    + ": " + JsonFile.shorten(source.strip())
                    + "; supported are ChatML, Llama 2, Llama 3, Mistral and Alpaca. Set the template of FedHds, or"
                    + " --template of the main job, to the one that the model was trained with");
        }
        return known.get(0);
    }

    /** The token that ends an answer; empty if the form is not a supported one or has no token of its own. */
    Optional<String> endToken() {
        List<PromptTemplate> known = known();
        return known.size() == 1 ? known.get(0).endToken() : Optional.empty();
    }

    private List<PromptTemplate> known() {
        List<PromptTemplate> known = new ArrayList<>();
        if (has("<|im_start|>", "<|im_end|>") && !has("bos_token")) {
            known.add(chatMl());
        }
        if (has("<|start_header_id|>", "<|eot_id|>")) {
            boolean dates = has("Cutting Knowledge Date");
            known.add(ChatTemplate.of(Form.LLAMA3).withPreamble(dates ? LLAMA31_DATES : ""));
        }
        if (has("[INST] ", "[/INST]")) { // newer forms of Mistral have no space
            known.add(ChatTemplate.of(brackets()));
        }
        if (has("### Instruction:", "### Response:")) {
            known.add(PromptTemplate.alpaca());
        }
        return known;
    }

    private boolean has(String... marks) {
        return List.of(marks).stream().allMatch(source::contains);
    }

    /** Qwen 3 writes its reasoning before an answer, and templates leave it empty where none is wanted. */
    private ChatTemplate chatMl() {
        boolean reasons = has("enable_thinking", "<think>");
        return ChatTemplate.of(Form.CHATML)
                .withSystem(system().orElse(""))
                .withAnswerPrefix(reasons ? "<think>\n\n</think>\n\n" : "");
    }

    /** The system text without the escapes of a literal. */
    private Optional<String> system() {
        Matcher matcher = CHATML_SYSTEM.matcher(source);
        return matcher.find() ? Optional.of(matcher.group(1).replace("\\n", "\n")) : Optional.empty();
    }

    /** The marks are text where a space stands before the closing one. */
    private Form brackets() {
        if (source.contains("<<SYS>>")) {
            return Form.LLAMA2;
        }
        return source.contains(" [/INST]") ? Form.MISTRAL_V1 : Form.MISTRAL;
    }
}
