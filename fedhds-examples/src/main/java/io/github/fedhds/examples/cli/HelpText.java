package io.github.fedhds.examples.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Lists the options of a command under headings, by what they are about. */
final class HelpText {
    private static final int MANY = 20;
    private static final Map<String, List<String>> HEADINGS = new LinkedHashMap<>();

    static {
        HEADINGS.put(
                "Model and data",
                List.of(
                        "--model",
                        "--data",
                        "--out",
                        "--base-name",
                        "--tokenizer",
                        "--template",
                        "--max-length",
                        "--clients",
                        "--partition",
                        "--held-out",
                        "--instances"));
        HEADINGS.put("Rounds", List.of("--rounds", "--fraction", "--seed", "--resume", "--json"));
        HEADINGS.put(
                "Selection",
                List.of(
                        "--selection",
                        "--share",
                        "--samples-per-group",
                        "--clustering",
                        "--groups",
                        "--fusion",
                        "--feature-model",
                        "--feature-layers",
                        "--feature-cache",
                        "--feature-cache-size"));
        HEADINGS.put(
                "Training", List.of("--learning-rate", "--epochs", "--target-modules", "--gradient-checkpointing"));
        HEADINGS.put(
                "Evaluation",
                List.of("--evaluate-every", "--patience", "--evaluate-limit", "--evaluate-tasks", "--answer-tokens"));
        HEADINGS.put(
                "Privacy",
                List.of(
                        "--epsilon",
                        "--delta",
                        "--clip",
                        "--noise-by",
                        "--report-centroids",
                        "--public-samples",
                        "--secure-aggregation"));
        HEADINGS.put("Machine", List.of("--device", "--parallel", "--precision", "--packed"));
    }

    private HelpText() {}

    /** Makes commands with many options print them so, and all commands in the width of the terminal. */
    static void register(CommandLine line) {
        line.setUsageHelpAutoWidth(true);
        for (CommandLine command : line.getSubcommands().values()) {
            if (command.getCommandSpec().options().size() > MANY) {
                command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpText::options);
            }
        }
    }

    /** Options without a heading come last. */
    private static String options(Help help) {
        List<OptionSpec> left = new ArrayList<>(help.commandSpec().options());
        StringBuilder text = new StringBuilder();
        HEADINGS.forEach((heading, names) -> {
            List<OptionSpec> those = names.stream()
                    .map(help.commandSpec()::findOption)
                    .filter(left::contains)
                    .toList();
            left.removeAll(those);
            if (!those.isEmpty()) {
                text.append(System.lineSeparator()).append(heading).append(':').append(System.lineSeparator());
                text.append(list(help, those));
            }
        });
        text.append(System.lineSeparator()).append("Others:").append(System.lineSeparator());
        return text.append(list(help, left)).toString();
    }

    private static String list(Help help, List<OptionSpec> options) {
        return help.optionListExcludingGroups(
                options,
                help.createDefaultLayout(options, List.of(), help.colorScheme()),
                null,
                help.parameterLabelRenderer());
    }
}
