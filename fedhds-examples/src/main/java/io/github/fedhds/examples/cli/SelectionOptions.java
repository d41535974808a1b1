package io.github.fedhds.examples.cli;

import io.github.fedhds.selection.HdbscanSelector;
import io.github.fedhds.selection.Selection;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of a command that selects instructions. */
class SelectionOptions extends InputOptions {
    @Option(
            names = "--partition",
            paramLabel = "HOW",
            description =
                    "how instructions are distributed to clients: task, dirichlet:ALPHA, labels:K (K tasks a client), even,"
                            + " quantity:ALPHA or column:NAME (default: task; dirichlet:0.5 with --clients)")
    Optional<PartitionChoice> partition = Optional.empty();

    @Option(
            names = "--selection",
            paramLabel = "NAME",
            description = "recommended, fedhds (the paper's), balanced (random, of each group alike), random or full"
                    + " (default: recommended)")
    SelectionName selection = SelectionName.RECOMMENDED;

    @Option(
            names = "--share",
            paramLabel = "SHARE",
            description =
                    "share of the instructions that --selection recommended, balanced and random take (default: 0.015)")
    double share = 0.015;

    @Option(
            names = "--clustering",
            paramLabel = "NAME",
            description = "how the clients of --selection fedhds find groups: hdbscan or kmeans (default: hdbscan)")
    ClusteringName clustering = ClusteringName.HDBSCAN;

    @Option(
            names = "--groups",
            paramLabel = "N",
            description = "groups of each client that --clustering kmeans makes (default: 8)")
    int groups = 8;

    /**
     * Rejects values out of range, and options that need other options.
     *
     * @param samplesPerGroup value of the command's option, if given
     * @throws ParameterException if there is one; the message names the option
     */
    final void checkSelection(CommandLine line, Optional<Integer> clients, Optional<Integer> samplesPerGroup) {
        partition.ifPresent(choice -> choice.check(line, clients));
        if (featureCache.isPresent() && featureModel.isEmpty() && selection != SelectionName.RECOMMENDED) {
            throw new ParameterException(
                    line,
                    "--feature-cache needs --selection recommended or --feature-model; the tuned model's features change"
                            + " with every round");
        }
        if (selection != SelectionName.FEDHDS && samplesPerGroup.isPresent()) {
            throw new ParameterException(
                    line, "--samples-per-group needs --selection fedhds; the others choose single samples");
        }
        if (selection != SelectionName.FEDHDS && clustering != ClusteringName.HDBSCAN) {
            throw new ParameterException(line, "--clustering needs --selection fedhds");
        }
        if (clustering != ClusteringName.KMEANS && line.getParseResult().hasMatchedOption("--groups")) {
            throw new ParameterException(line, "--groups needs --clustering kmeans; HDBSCAN finds their number");
        }
        RunOptions.range(line, "--groups", groups, 1, 1_000_000);
        RunOptions.share(line, "--share", share);
    }

    /**
     * Refuses options that change nothing with the chosen selection.
     *
     * @throws ParameterException if there is one; the message names it
     */
    final void refuseUnused(CommandLine line) {
        for (String option : selection.unused()) {
            if (line.getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(
                        line,
                        option + " changes nothing with --selection " + OptionNames.of(selection)
                                + "; it needs --selection "
                                + Stream.of(SelectionName.values())
                                        .filter(name -> !name.unused().contains(option))
                                        .map(OptionNames::of)
                                        .collect(Collectors.joining(" or ")));
            }
        }
    }

    /** The paper's selection with these settings; one sample of a group if none is given. */
    final Selection paper(Optional<Integer> samplesPerGroup, long seed) {
        return Selection.paper()
                .withClient(HdbscanSelector.builder()
                        .clustering(clustering.clusterer(groups, seed))
                        .samplesPerGroup(samplesPerGroup.orElse(1))
                        .build());
    }

    /** Whether training changes no feature, so that an instruction's are computed only once. */
    final boolean hasFixedFeatures() {
        return selection == SelectionName.RECOMMENDED || featureModel.isPresent();
    }
}
