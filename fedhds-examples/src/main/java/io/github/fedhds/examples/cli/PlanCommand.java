package io.github.fedhds.examples.cli;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says what a run will read, take and send, before it is started. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        abbreviateSynopsis = true,
        description = {
            "Says what a run with these options takes: data, tokens, memory, bytes and time.",
            "Trains nothing and writes nothing. The time is measured on 20 samples of each kind of work.",
            "--json prints the plan as one JSON object."
        })
final class PlanCommand implements Callable<Integer> {
    private final PrintStream out;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private ConfigFile config = new ConfigFile();

    @Mixin
    private RunOptions run = new RunOptions();

    @Mixin
    private OwnOptions own = new OwnOptions();

    PlanCommand(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        CommandLine line = spec.commandLine();
        if (own.model.isEmpty() || own.data.isEmpty()) {
            throw new ParameterException(line, "plan needs --model and --data");
        }
        run.out = run.out.or(() -> Optional.of(Path.of("."))); // is not written to
        own.check(line, run);
        own.refuseUnused(line);
        run.check(line);
        line.getErr()
                .println("planning: reads the data, rehearses a round and measures 20 samples of each kind of work");
        line.getErr().flush();
        Planner planner = new Planner(run, own);
        try (LoadedModels models = new LoadedModels(own, run)) {
            Plan plan = planner.plan(models.models(), models.features());
            if (run.json) {
                out.println(gson().toJson(plan));
            } else {
                new PlanLines(run, own).print(plan, out);
            }
        }
        return ExitStatus.DONE;
    }

    private static Gson gson() {
        JsonSerializer<Optional<?>> value = (optional, type, context) ->
                optional.<JsonElement>map(context::serialize).orElse(JsonNull.INSTANCE);
        JsonSerializer<Enum<?>> name = (constant, type, context) -> new JsonPrimitive(OptionNames.of(constant));
        return new GsonBuilder()
                .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
                .registerTypeHierarchyAdapter(Optional.class, value)
                .registerTypeHierarchyAdapter(Enum.class, name)
                .create();
    }
}
