package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Sampling;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Answers instructions. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Answers an instruction, or with --data each of a file, one JSON object a line.",
            "Answers are greedy, unless --temperature is given."
        })
final class GenerateCommand implements Callable<Integer> {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private static final int TOKEN_BUDGET = 2048;

    /** Instructions whose answers are printed together. */
    private static final int AT_A_TIME = 64;

    private final PrintStream out;

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private AnswerOptions answers = new AnswerOptions();

    @Parameters(arity = "0..1", paramLabel = "INSTRUCTION", description = "the instruction, in quotes")
    private Optional<String> instruction = Optional.empty();

    @Option(names = "--input", paramLabel = "TEXT", description = "input of the instruction (default: none)")
    private String input = "";

    @Option(names = "--data", paramLabel = "PATH", description = "file or folder of instructions, as for run")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--temperature", paramLabel = "T", description = "of sampling, 0 or more (default: greedy answers)")
    private Optional<Double> temperature = Optional.empty();

    @Option(names = "--top-p", paramLabel = "P", description = "of sampling, above 0 to 1 (default: 1)")
    private Optional<Double> topP = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "of sampling (default: 1)")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    GenerateCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        answers.check(spec.commandLine());
        if (instruction.isPresent() && data.isPresent()) {
            throw new ParameterException(spec.commandLine(), "give an instruction or --data, not both");
        }
        if (instruction.isEmpty() && data.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "give an instruction in quotes, or a file of instructions with --data");
        }
        if (data.isPresent() && !input.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "--input belongs to an instruction; the rows of --data have their own");
        }
        Sampling sampling = sampling();
        List<Instruction> asked = data.map(DataFile::readAll)
                .orElseGet(() -> List.of(new Instruction(instruction.orElseThrow(), input, "")));
        Optional<PeftFolder> adapter = answers.readAdapter();
        try (LanguageModel model = answers.load()) {
            AdaptedModel adapted = adapter.map(read -> read.on(model)).orElseGet(model::base);
            int context = model.config().contextLength();
            if (answers.answerTokens >= context) {
                throw new FedHdsException("--answer-tokens must be below the " + context
                        + " tokens that the model reads at most, was " + answers.answerTokens);
            }
            SampleEncoder encoder = model.sampleEncoder(answers.template.of(model), context);
            for (int from = 0; from < asked.size(); from += AT_A_TIME) {
                print(asked.subList(from, Math.min(asked.size(), from + AT_A_TIME)), adapted, encoder, sampling);
                sampling = new Sampling(sampling.temperature(), sampling.topP(), sampling.seed() + 1);
            }
        }
        return ExitStatus.DONE;
    }

    private void print(List<Instruction> asked, AdaptedModel adapted, SampleEncoder encoder, Sampling sampling) {
        List<int[]> prompts = asked.stream()
                .map(instruction ->
                        encoder.forGeneration(instruction, answers.answerTokens).ids())
                .toList();
        List<int[]> made =
                adapted.generate(prompts, answers.answerTokens, TOKEN_BUDGET, sampling, answers.parallel, done -> {});
        for (int i = 0; i < asked.size(); i++) {
            String answer = adapted.tokenizer().decode(made.get(i)).strip();
            out.println(data.isPresent() ? line(asked.get(i), answer) : answer);
        }
        if (out.checkError()) { // the reader has enough, or the disk is full
            throw new FedHdsException("standard output cannot be written any more");
        }
    }

    private Sampling sampling() {
        if (temperature.isEmpty() && topP.isEmpty()) {
            return Sampling.greedy();
        }
        Sampling sampling = Sampling.seeded(seed);
        try {
            sampling = temperature.isPresent() ? sampling.withTemperature(temperature.get()) : sampling;
            return topP.isPresent() ? sampling.withTopP(topP.get()) : sampling;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--temperature and --top-p: " + e.getMessage(), e);
        }
    }

    private static String line(Instruction asked, String answer) {
        Map<String, String> line = new LinkedHashMap<>();
        line.put("task", asked.task());
        line.put("instruction", asked.instruction());
        line.put("input", asked.input());
        line.put("answer", answer);
        return GSON.toJson(line);
    }
}
