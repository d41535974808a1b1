package io.github.fedhds.examples.experiment;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.PartitionSummary;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Draws each partition and prints a table of them: of the embedded instructions over 24 clients, and of instructions with
 * the categories of Dolly-15K over 200 clients, with one category held out as in the FedHDS paper. Takes seconds.
 */
@Command(
        name = "PartitionPictures",
        mixinStandardHelpOptions = true,
        description = "Draws partitions of instructions to clients, and prints a table of them.")
public final class PartitionPictures implements Callable<Integer> {
    /** The numbers of instructions of Dolly-15K without the category summarization. */
    private static final Map<String, Integer> DOLLY = new LinkedHashMap<>();

    static {
        DOLLY.put("brainstorming", 1766);
        DOLLY.put("classification", 2136);
        DOLLY.put("closed_qa", 1773);
        DOLLY.put("creative_writing", 709);
        DOLLY.put("general_qa", 2191);
        DOLLY.put("information_extraction", 1506);
        DOLLY.put("open_qa", 3742);
    }

    @Option(names = "--out", required = true, description = "folder for the pictures, one SVG file each")
    private Path out = Path.of("");

    @Option(names = "--seed", description = "seed of the partitions (default: 1)")
    private long seed = 1;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private PartitionPictures() {}

    public static CommandLine commandLine() {
        return Programs.commandLine(new PartitionPictures());
    }

    /** Draws; the process ends with 0 on success, 1 after a failure. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    @Override
    public Integer call() {
        Map<String, List<Instruction>> tasks = EmbeddedComparison.trainingTasks();
        PrintWriter table = spec.commandLine().getOut();
        table.println("| partition | clients | instructions a client: least, median, most | tasks a client |"
                + " heterogeneity | at random |");
        table.println("|---|---|---|---|---|---|");
        draw("task", Partitions.byTask(tasks));
        draw("dirichlet:0.5", Partitions.dirichlet(tasks, 24, 0.5, 1, seed));
        draw("dirichlet:5.0", Partitions.dirichlet(tasks, 24, 5, 1, seed));
        draw("labels:3", Partitions.byTaskCount(tasks, 24, 3, seed));
        draw("even", Partitions.even(tasks, 24, seed));
        draw("quantity:0.5", Partitions.byQuantity(tasks, 24, 0.5, 1, seed));
        Map<String, List<Instruction>> dolly = new LinkedHashMap<>();
        DOLLY.forEach((category, count) -> {
            List<Instruction> list = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                list.add(new Instruction(category + " " + i, "", "", category));
            }
            dolly.put(category, list);
        });
        draw("dolly dirichlet:0.5", Partitions.dirichlet(dolly, 200, 0.5, 1, seed));
        draw("dolly dirichlet:5.0", Partitions.dirichlet(dolly, 200, 5, 1, seed));
        table.flush();
        return 0;
    }

    private void draw(String name, Map<ClientId, List<Instruction>> clients) {
        PartitionSummary summary = PartitionSummary.of(clients);
        spec.commandLine()
                .getOut()
                .printf(
                        Locale.ROOT,
                        "| %s | %d | %d, %.0f, %d | %.1f of %d | %.2f | %.2f |%n",
                        name.startsWith("dolly") ? "Dolly, `" + name.substring(6) + "`" : "`" + name + "`",
                        summary.clients(),
                        summary.least(),
                        summary.median(),
                        summary.most(),
                        summary.tasksPerClient(),
                        summary.tasks(),
                        summary.heterogeneity(),
                        summary.heterogeneityAtRandom());
        Path file = out.resolve("partition-" + name.replaceAll("[^a-z0-9]+", "-") + ".svg");
        try {
            Files.createDirectories(out);
            Files.writeString(file, new PartitionPicture(name, clients).svg());
        } catch (IOException e) {
            throw new FedHdsException("cannot write " + file, e);
        }
    }
}
