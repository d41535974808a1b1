package io.github.fedhds.examples.cli;

import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.privacy.PrivacyBudget;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of a run on the user's model and data; not available for the embedded comparison. */
final class OwnOptions extends SelectionOptions {
    @Option(
            names = "--base-name",
            paramLabel = "NAME",
            description = "the base model's name in the written adapter, as on the Hugging Face hub (default: --model)")
    Optional<String> baseName = Optional.empty();

    @Option(
            names = "--target-modules",
            split = ",",
            paramLabel = "NAME",
            description = "modules that LoRA adapts: ends of their names, a pattern for whole names, or all-linear"
                    + " (default: those of the model's family)")
    List<String> targetModules = List.of();

    @Option(
            names = "--answer-tokens",
            paramLabel = "N",
            description = "tokens of an evaluated answer at most (default: 128)")
    int answerTokens = 128;

    @Option(
            names = "--evaluate-every",
            paramLabel = "N",
            description = "evaluate after so many rounds; 0: after the last only (default: 0)")
    int evaluateEvery;

    @Option(
            names = "--evaluate-limit",
            paramLabel = "N",
            description =
                    "evaluate on so many instructions of each unseen task at most, drawn with --seed (default: all)")
    Optional<Integer> evaluateLimit = Optional.empty();

    @Option(
            names = "--evaluate-tasks",
            split = ",",
            paramLabel = "TASK",
            description = "evaluate on these unseen tasks only, separated by commas (default: all)")
    List<String> evaluateTasks = List.of();

    @Option(
            names = "--patience",
            paramLabel = "N",
            description =
                    "stop when so many evaluations in a row were no better than the best one; 0: never (default: 0)")
    int patience;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "passes of a client over its chosen samples in a round (default: 1)")
    int epochs = 1;

    @Option(
            names = "--gradient-checkpointing",
            description = "train in the memory of one layer's activations, for a third more time")
    boolean gradientCheckpointing;

    @Option(
            names = "--epsilon",
            paramLabel = "EPSILON",
            description =
                    "privacy budget of each client over the whole run: noise on what it sends (default: no noise)")
    Optional<Double> epsilon = Optional.empty();

    @Option(names = "--delta", paramLabel = "DELTA", description = "delta of --epsilon (default: 1e-5)")
    double delta = 1e-5;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description =
                    "norm that a client's change of the adapter is clipped to; with --epsilon there is noise on it too"
                            + " (default: noise on centroids only; with --secure-aggregation a tenth of the root of the number of"
                            + " parameters)")
    Optional<Double> clip = Optional.empty();

    /** Who adds noise. */
    enum NoiseBy {
        CLIENTS,
        SERVER
    }

    @Option(
            names = "--noise-by",
            paramLabel = "WHO",
            description =
                    "with --epsilon: clients, on what they send, or server, on the sum of the adapters only; needs --clip then, and"
                            + " protects not against the server (default: clients)")
    NoiseBy noiseBy = NoiseBy.CLIENTS;

    @Option(
            names = "--secure-aggregation",
            description = "the server learns the mean of the adapters of a round's clients, and no single one")
    boolean secureAggregation;

    @Option(
            names = "--report-centroids",
            paramLabel = "N",
            description = "with --epsilon: centroids that each client sends, whatever it holds (default: 8)")
    int reportCentroids = 8;

    @Option(
            names = "--public-samples",
            paramLabel = "N",
            description =
                    "with --epsilon: number of instructions that each client says it holds, in place of the real one,"
                            + " for --share (default: 100)")
    int publicSamples = 100;

    /**
     * Rejects values out of range, and options that need other options.
     *
     * @throws ParameterException if there is one; the message names the option
     */
    void check(CommandLine line, RunOptions run) {
        if (data.isEmpty() || run.out.isEmpty()) {
            throw new ParameterException(
                    line,
                    "--model needs "
                            + (data.isEmpty() && run.out.isEmpty()
                                    ? "--data and --out"
                                    : data.isEmpty() ? "--data" : "--out"));
        }
        if (baseName.filter(name -> name.isBlank() || name.chars().anyMatch(Character::isISOControl))
                .isPresent()) {
            throw new ParameterException(line, "--base-name must be one line that is not blank");
        }
        checkInput(line);
        checkSelection(line, run.clients, run.samplesPerGroup);
        if (!targetModules.isEmpty()) {
            try {
                LoraConfig.defaults().withTargetModules(targetModules);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(line, "--target-modules: " + e.getMessage(), e);
            }
        }
        checkPrivacy(line);
        RunOptions.range(line, "--epochs", epochs, 1, 1_000_000);
        RunOptions.range(line, "--answer-tokens", answerTokens, 1, Integer.MAX_VALUE);
        RunOptions.range(line, "--evaluate-every", evaluateEvery, 0, Integer.MAX_VALUE);
        evaluateLimit.ifPresent(value -> RunOptions.range(line, "--evaluate-limit", value, 1, Integer.MAX_VALUE));
        RunOptions.range(line, "--patience", patience, 0, Integer.MAX_VALUE);
        if (patience > 0 && evaluateEvery == 0) {
            throw new ParameterException(line, "--patience needs --evaluate-every; it is counted in evaluations");
        }
    }

    private void checkPrivacy(CommandLine line) {
        for (String option : List.of("--delta", "--noise-by", "--report-centroids", "--public-samples")) {
            if (epsilon.isEmpty() && line.getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(line, option + " needs --epsilon");
            }
        }
        clip.filter(norm -> !(norm > 0 && norm < Double.POSITIVE_INFINITY)).ifPresent(norm -> {
            throw new ParameterException(line, "--clip must be above 0 and finite, was " + norm);
        });
        if (clip.isPresent() && epsilon.isEmpty() && !secureAggregation) {
            throw new ParameterException(line, "--clip needs --epsilon or --secure-aggregation");
        }
        if (epsilon.isEmpty()) {
            return;
        }
        if (noiseBy == NoiseBy.SERVER) {
            checkNoiseByServer(line);
        }
        if (noiseBy == NoiseBy.CLIENTS && selection != SelectionName.RECOMMENDED && selection != SelectionName.FEDHDS) {
            throw new ParameterException(
                    line,
                    "--epsilon needs --selection recommended or fedhds, or --noise-by server; the other selections send no"
                            + " centroids to put noise on");
        }
        try {
            new PrivacyBudget(epsilon.get(), delta);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(line, "--epsilon and --delta: " + e.getMessage(), e);
        }
        RunOptions.range(line, "--report-centroids", reportCentroids, 1, 10_000);
        RunOptions.range(line, "--public-samples", publicSamples, 0, 1_000_000);
    }

    private void checkNoiseByServer(CommandLine line) {
        if (clip.isEmpty()) {
            throw new ParameterException(
                    line, "--noise-by server needs --clip: noise without a bound promises nothing");
        }
        if (secureAggregation) {
            throw new ParameterException(
                    line,
                    "--noise-by server clips each client's adapter, which --secure-aggregation does not show; use --noise-by"
                            + " clients");
        }
        if (selection == SelectionName.RECOMMENDED || selection == SelectionName.FEDHDS) {
            throw new ParameterException(
                    line,
                    "--noise-by server needs --selection random, balanced or full: with the others the server chooses among the"
                            + " groups of all clients, so that one client changes what the others train on, which the noise does"
                            + " not hide");
        }
        for (String option : List.of("--report-centroids", "--public-samples")) {
            if (line.getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(line, option + " needs --noise-by clients");
            }
        }
    }
}
