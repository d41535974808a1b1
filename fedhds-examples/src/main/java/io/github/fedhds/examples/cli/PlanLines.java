package io.github.fedhds.examples.cli;

import io.github.fedhds.message.MessageKind;
import io.github.fedhds.monitoring.Traffic;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Prints a plan for people. */
record PlanLines(RunOptions options, OwnOptions own) {
    private static final double MIB = 1 << 20;

    void print(Plan plan, PrintStream out) {
        Plan.Data data = plan.data();
        line(
                out,
                "data",
                "%d %s with %d instructions%s",
                data.read().files(),
                data.read().files() == 1 ? "file" : "files",
                data.read().instructions(),
                leftOut(data.read().leftOut()));
        line(
                out,
                "clients",
                "%d with %d instructions of %d tasks (least %d, median %d, most %d)",
                data.clients(),
                data.instructions(),
                data.tasks(),
                data.smallest(),
                data.median(),
                data.largest());
        line(out, "held out", "%d instructions of %d tasks", data.unseenInstructions(), data.unseenTasks());
        Plan.Tokens tokens = plan.tokens();
        line(
                out,
                "tokens",
                "%d; of a sample median %d, 95 %% at most %d, longest %d; %d prompts cut, %d answers too long",
                tokens.total(),
                tokens.median(),
                tokens.most95(),
                tokens.longest(),
                tokens.cutPrompts(),
                tokens.tooLong());
        line(
                out,
                "a round",
                "%d clients; reads %d tokens for features, trains on %d samples, %d tokens with epochs",
                plan.bytes().clients(),
                tokens.featuresPerRound(),
                plan.seconds().samples(),
                tokens.trainingPerRound());
        Plan.Model model = plan.model();
        line(
                out,
                "model",
                "%s, %s parameters, %s of LoRA, %s on %s",
                model.family(),
                count(model.parameters()),
                count(model.loraParameters()),
                model.precision(),
                model.device());
        Plan.Memory memory = plan.memory();
        line(
                out,
                "memory",
                "%s of %.1f GiB; %d clients at a time",
                memory.peak()
                        .map(peak -> String.format(Locale.ROOT, "about %.0f MiB", peak / MIB))
                        .orElse("not measured on this system"),
                memory.machine() / MIB / 1024,
                options.parallel());
        printBytes(plan.bytes(), out);
        printSeconds(plan.seconds(), out);
        plan.privacy().ifPresent(promise -> line(out, "privacy", "%s", promise));
        plan.advice().forEach(advice -> line(out, "advice", "%s", advice));
    }

    private static void printBytes(Plan.Bytes bytes, PrintStream out) {
        List<String> kinds = new ArrayList<>();
        Map<MessageKind, Traffic.Count> sorted = new TreeMap<>(bytes.round());
        sorted.forEach((kind, count) -> {
            if (count.bytes() > 0) {
                kinds.add(String.format(
                        Locale.ROOT, "%s %s", OptionNames.of(kind), size(count.bytes() / bytes.clients())));
            }
        });
        line(
                out,
                "messages",
                "%s down and %s up for a client and round (%s); %s in the run",
                size(bytes.downPerClient()),
                size(bytes.upPerClient()),
                String.join(", ", kinds),
                size(bytes.run()));
    }

    private static void printSeconds(Plan.Seconds seconds, PrintStream out) {
        line(
                out,
                "time",
                "about %s (features %s, selection %s, training %s, %d evaluations %s), measured on %d samples",
                time(seconds.total()),
                time(seconds.features()),
                time(seconds.selection()),
                time(seconds.training()),
                seconds.evaluations(),
                time(seconds.evaluation()),
                Probe.STEPS);
    }

    private static void line(PrintStream out, String name, String format, Object... values) {
        out.printf(Locale.ROOT, "%-9s %s%n", name, String.format(Locale.ROOT, format, values));
    }

    private static String leftOut(Map<String, Long> rows) {
        List<String> reasons = new ArrayList<>();
        rows.forEach((reason, count) -> reasons.add(count + " " + reason));
        return reasons.isEmpty() ? "" : "; left out: " + String.join(", ", reasons);
    }

    private static String count(long number) {
        return number < 10_000_000 ? String.valueOf(number) : String.format(Locale.ROOT, "%.1f million", number / 1e6);
    }

    private static String size(long bytes) {
        return bytes < MIB
                ? String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0)
                : String.format(Locale.ROOT, "%.1f MiB", bytes / MIB);
    }

    private static String time(double seconds) {
        return seconds < 90
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : seconds < 5400
                        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
