package io.github.fedhds.examples.cli;

import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.model.Precision;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options that a server and its clients have in common; a client that has others withdraws, and says which. */
final class JointOptions {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "base model: a Hugging Face folder or a GGUF file; the same for the server and all clients")
    Path model = Path.of("");

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "of round 1; the same for all (default: as for run)")
    private Optional<Double> learningRate = Optional.empty();

    @Option(
            names = "--template",
            paramLabel = "NAME",
            description = "prompt template, as for run; the same for all (default: auto)")
    private TemplateName template = TemplateName.AUTO;

    @Option(names = "--max-length", paramLabel = "N", description = "longest sample in tokens; the same for all")
    private int maxLength = 1024;

    @Option(names = "--device", paramLabel = "DEVICE", description = "auto, cpu, cuda or cuda:N (default: auto)")
    private String device = "auto";

    @Option(names = "--precision", paramLabel = "TYPE", description = "float32 or bfloat16 (default: float32)")
    private Precision precision = Precision.FLOAT32;

    @Option(
            names = "--tls",
            paramLabel = "FILE",
            description =
                    "PKCS #12 file with the own key and certificate, and the certificates that are trusted (default: no TLS)")
    Optional<Path> tls = Optional.empty();

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description = "file with the password of --tls; passwords never stand on a command line")
    Optional<Path> passwordFile = Optional.empty();

    void check(CommandLine line) {
        ComputeOptions.range(line, "--max-length", maxLength, 2, Integer.MAX_VALUE);
        if (tls.isPresent() != passwordFile.isPresent()) {
            throw new CommandLine.ParameterException(line, "--tls and --password-file belong together");
        }
    }

    LanguageModel load() {
        return LanguageModel.load(
                model, ModelOptions.defaults().onDevice(device).withPrecision(precision));
    }

    /** @param share of a round's instructions that the server selects; of no effect on a client */
    FedHds fedHds(LanguageModel loaded, double share) {
        FedHdsBuilder parts = FedHds.on(loaded).maxTokens(maxLength).recommended(share);
        if (template != TemplateName.AUTO) {
            parts.template(template.of(loaded));
        }
        learningRate.ifPresent(parts::learningRate);
        return parts.build();
    }
}
