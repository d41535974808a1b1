package io.github.fedhds.examples;

import io.github.fedhds.examples.cli.TemplateName;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Sampling;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Answers an instruction with a model, and optionally with an adapter. */
@Command(
        name = "generate-answer",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        customSynopsis =
                "generate-answer [--max-tokens N] [--template NAME] [--tokenizer FILE] BASE [ADAPTER] \"INSTRUCTION\"",
        description =
                "Answers an instruction, in the prompt template that the adapters of the main job are trained with.")
public final class GenerateAnswer implements Callable<Integer> {
    @Parameters(
            arity = "2..3",
            description =
                    "folder or GGUF file of the base model; adapter folder in PEFT's layout, if any; the instruction")
    private List<String> arguments = List.of();

    @Option(names = "--max-tokens", description = "tokens of the answer at most")
    private int maxTokens = 128;

    @Option(names = "--template", description = "prompt template, as --template of the main job")
    private TemplateName template = TemplateName.AUTO;

    @Option(names = "--tokenizer", description = "tokenizer.json in place of the vocabulary in a GGUF file")
    private Optional<Path> tokenizer = Optional.empty();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** A failure is reported in one line, with status 1. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new GenerateAnswer());
        TemplateName.register(line);
        return line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println(failure.getMessage());
            return 1;
        });
    }

    @Override
    public Integer call() {
        if (arguments.size() > 3) {
            throw new ParameterException(spec.commandLine(), "there are more than 3 arguments; quote the instruction");
        }
        ModelOptions options =
                tokenizer.map(ModelOptions.defaults()::withTokenizer).orElse(ModelOptions.defaults());
        try (LanguageModel model = LanguageModel.load(Path.of(arguments.get(0)), options)) {
            AdaptedModel adapted = arguments.size() == 2
                    ? model.base()
                    : PeftFolder.read(Path.of(arguments.get(1))).on(model);
            PrintWriter out = spec.commandLine().getOut();
            Instruction question = new Instruction(arguments.get(arguments.size() - 1), "", "");
            out.println(adapted.answer(question, template.of(model), maxTokens, Sampling.greedy()));
            out.flush();
        }
        return 0;
    }
}
