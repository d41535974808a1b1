package io.github.fedhds.examples.cli;

import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options of the commands that answer with a model, and optionally with an adapter. */
final class AnswerOptions {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "base model: a Hugging Face folder or a GGUF file")
    Path model = Path.of("");

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "adapter folder in PEFT's layout, such as adapter/ of a run (default: none)")
    Optional<Path> adapter = Optional.empty();

    @Option(names = "--tokenizer", paramLabel = "FILE", description = "tokenizer.json of a GGUF --model")
    Optional<Path> tokenizer = Optional.empty();

    @Option(names = "--template", paramLabel = "NAME", description = "prompt template, as for run (default: auto)")
    TemplateName template = TemplateName.AUTO;

    @Option(names = "--answer-tokens", paramLabel = "N", description = "tokens of an answer at most (default: 128)")
    int answerTokens = 128;

    @Option(names = "--device", paramLabel = "DEVICE", description = "auto, cpu, cuda or cuda:N (default: auto)")
    String device = "auto";

    @Option(names = "--precision", paramLabel = "TYPE", description = "float32 or bfloat16 (default: float32)")
    Precision precision = Precision.FLOAT32;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "batches at a time; changes no result (default: the cores)")
    int parallel = Runtime.getRuntime().availableProcessors();

    void check(CommandLine line) {
        RunOptions.range(line, "--answer-tokens", answerTokens, 1, 1_000_000);
        RunOptions.range(line, "--parallel", parallel, 1, 1024);
    }

    /** Read before the model, so that an error in it is reported first. */
    Optional<PeftFolder> readAdapter() {
        return adapter.map(PeftFolder::read);
    }

    LanguageModel load() {
        ModelOptions options =
                ModelOptions.defaults().onDevice(device).withThreads(1).withPrecision(precision);
        return LanguageModel.load(model, tokenizer.map(options::withTokenizer).orElse(options));
    }
}
