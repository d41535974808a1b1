package io.github.fedhds.examples.cli;

import io.github.fedhds.ClientListener;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.simulation.Federation;
import io.github.fedhds.training.TrainingResult;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Selects instructions and trains nothing, for users who train elsewhere. */
@Command(
        name = "select",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Selects instructions of --data and writes them as JSON Lines; trains nothing.",
            "All instructions are those of one client, unless --clients or --partition is given."
        })
final class SelectCommand implements Callable<Integer> {
    private final PrintStream console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private SelectionOptions own = new SelectionOptions();

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "file for the selected instructions (default: standard output)")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--clients",
            description = "number of clients; many make a large data set faster, and choose elsewhere (default: 1)")
    private Optional<Integer> clients = Optional.empty();

    @Option(
            names = "--rounds",
            description = "rounds, each of all clients; recommended chooses --share again in each (default: 1)")
    private int rounds = 1;

    @Option(
            names = "--samples-per-group",
            description = "samples of each chosen group that --selection fedhds takes (default: 1)")
    private Optional<Integer> samplesPerGroup = Optional.empty();

    SelectCommand(PrintStream console) {
        this.console = console;
    }

    /** What was selected, by instruction; equal instructions are different keys. */
    private final Map<Instruction, SelectedLine> selected = Collections.synchronizedMap(new IdentityHashMap<>());

    /** The group that each instruction represents in its client. */
    private final Map<Instruction, Integer> groups = Collections.synchronizedMap(new IdentityHashMap<>());

    @Override
    public Integer call() {
        check(spec.commandLine());
        Path path = own.data.orElseThrow();
        PartitionChoice partition = clients.isEmpty() && own.partition.isEmpty()
                ? new PartitionChoice(PartitionChoice.Kind.EVEN, "")
                : PartitionChoice.of(own.partition, clients);
        boolean one = partition.kind() == PartitionChoice.Kind.EVEN && clients.isEmpty();
        OwnData data = OwnData.read(
                path,
                new OwnData.Reading(own.instances, own.heldOut, false, compute.seed),
                partition,
                one ? Optional.of(1) : clients);
        try (LoadedModels models = new LoadedModels(own, compute)) {
            long began = System.nanoTime();
            FedHds fedHds = fedHds(models);
            select(fedHds, data);
            List<SelectedLine> lines = data.training().stream()
                    .filter(selected::containsKey)
                    .map(selected::get)
                    .toList();
            write(lines);
            tell(data, lines, (System.nanoTime() - began) / 1e9, fedHds);
            return lines.isEmpty() ? ExitStatus.NOTHING_TRAINED : ExitStatus.DONE;
        }
    }

    private void check(CommandLine line) {
        if (own.model.isEmpty() || own.data.isEmpty()) {
            throw new ParameterException(line, "select needs --model and --data");
        }
        clients.ifPresent(value -> ComputeOptions.range(line, "--clients", value, 1, 10_000_000));
        ComputeOptions.range(line, "--rounds", rounds, 1, 1_000_000);
        samplesPerGroup.ifPresent(value -> ComputeOptions.range(line, "--samples-per-group", value, 1, 1_000_000));
        own.checkInput(line);
        own.checkSelection(line, clients, samplesPerGroup);
        own.refuseUnused(line);
        compute.checkCompute(line);
        out.ifPresent(file -> OutputFile.check(line, file, own.data.orElseThrow()));
    }

    private FedHds fedHds(LoadedModels models) {
        FedHdsBuilder parts =
                own.on(models.models(), models.features(), compute.fusion).selection(selection());
        // No adapter changes the model, so its features are those of the base model in every round.
        return parts.frozenFeatures(true).build();
    }

    private Selection selection() {
        return switch (own.selection) {
            case RECOMMENDED -> {
                Selection recommended = Selection.recommended(own.share);
                yield recommended.withClient(new EnoughGroups(recommended.client(), own.share, compute.seed));
            }
            case FEDHDS -> own.paper(samplesPerGroup, compute.seed);
            case BALANCED -> Selection.balanced(own.share);
            case RANDOM -> Selection.random(own.share);
            case FULL -> Selection.everything();
        };
    }

    /** Rounds of all clients whose trainer keeps what it is given, and returns the adapter as it was. */
    private void select(FedHds fedHds, OwnData data) {
        Federation.builder(fedHds)
                .clients(data.clients())
                .activeShare(1)
                .rounds(rounds)
                .seed(compute.seed)
                .parallelClients(compute.parallel())
                .clientSettings(client -> client.listener(new GroupsOfInstructions())
                        .trainer((instructions, round) -> {
                            String name = round.client().orElseThrow().value();
                            instructions.forEach(one -> selected.putIfAbsent(
                                    one, new SelectedLine(one, name, groups.getOrDefault(one, 0))));
                            return new TrainingResult(round.globalAdapter(), instructions.size(), new double[] {0});
                        }))
                .build()
                .run();
    }

    /** Notes the group of each instruction that represents one. */
    private final class GroupsOfInstructions implements ClientListener {
        @Override
        public void grouped(RoundContext round, Candidates candidates, Coreset coreset, List<Centroid> centroids) {
            List<Instruction> instructions = candidates.instructions();
            for (Group group : coreset.groups()) {
                for (int member : group.representatives()) {
                    groups.put(instructions.get(member), group.id());
                }
            }
        }
    }

    private void write(List<SelectedLine> lines) {
        if (out.isPresent()) {
            OutputFile.lines(out.get(), lines.stream().map(SelectedLine::json).iterator());
        } else {
            lines.forEach(line -> console.println(line.json()));
            console.flush();
        }
    }

    /** To the console or, where that has the instructions, to the errors' stream. */
    private void tell(OwnData data, List<SelectedLine> lines, double seconds, FedHds fedHds) {
        PrintWriter err = spec.commandLine().getErr();
        StringBuilder told = new StringBuilder();
        told.append(String.format(
                Locale.ROOT,
                "selected %d of %d instructions (%.2f %%) with %s, of %d of %d tasks and %d of %d clients, in %.1f s%s%n",
                lines.size(),
                data.instructions(),
                100.0 * lines.size() / data.instructions(),
                OptionNames.of(own.selection),
                lines.stream().map(line -> line.instruction().task()).distinct().count(),
                data.tasks(),
                lines.stream().map(SelectedLine::client).distinct().count(),
                data.clients().size(),
                seconds,
                out.map(file -> "; wrote " + file).orElse("")));
        fedHds.featureCache()
                .map(FeatureCache::statistics)
                .filter(rows -> rows.hits() + rows.misses() > 0)
                .ifPresent(rows -> told.append(CacheLine.of(rows)).append(System.lineSeparator()));
        if (lines.isEmpty()) {
            told.append(
                            "nothing was selected: the clients found no group that the server chose; use --selection recommended,"
                                    + " or a larger --share")
                    .append(System.lineSeparator());
        }
        if (out.isPresent()) {
            console.print(told);
        } else {
            err.print(told);
            err.flush();
        }
    }
}
