package io.github.fedhds.examples.cli;

import io.github.fedhds.instruction.ChatTemplate;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.transformer.LanguageModel;
import picocli.CommandLine;

/** A prompt template, by its name on the command line. */
public enum TemplateName {
    /** The model's own. */
    AUTO,
    ALPACA,
    CHATML,
    LLAMA2,
    LLAMA3,
    MISTRAL,
    MISTRAL_V1;

    /** The template for a model; a chat template other than the model's own is without a system text. */
    public PromptTemplate of(LanguageModel model) {
        return switch (this) {
            case AUTO -> model.promptTemplate();
            case ALPACA -> PromptTemplate.alpaca();
            default -> ChatTemplate.of(ChatTemplate.Form.valueOf(name()));
        };
    }

    /** The name of a template. */
    static String of(PromptTemplate template) {
        return template instanceof ChatTemplate chat ? OptionNames.of(chat.form()) : OptionNames.of(ALPACA);
    }

    /** Makes a command line accept these names. */
    public static void register(CommandLine line) {
        OptionNames.register(line, TemplateName.class);
    }
}
