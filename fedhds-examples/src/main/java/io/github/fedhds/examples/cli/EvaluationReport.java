package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.evaluation.AnswerScores;
import io.github.fedhds.evaluation.Interval;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The result of an evaluation: tables, and the files evaluation.json and generations.jsonl. */
final class EvaluationReport {
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final Gson LINE = new GsonBuilder().disableHtmlEscaping().create();

    /** Columns of the tasks' table; if none of these was measured, all others. */
    private static final List<String> COLUMNS =
            List.of("rouge-l", "exact-match", "token-f1", EvaluateCommand.LOSS, EvaluateCommand.CHOICE);

    private final PrintStream out;
    private final List<Instruction> instructions;

    EvaluationReport(PrintStream out, List<Instruction> instructions) {
        this.out = out;
        this.instructions = instructions;
    }

    /** The means by one measure; computed once, because the intervals take time. */
    private record Means(Interval overall, double ofTasks, Map<String, Interval> byTask) {}

    /** Before the work, not after it. */
    static void checkFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, "probe", ".tmp"));
        } catch (IOException e) {
            throw new FedHdsException(
                    "cannot write to " + folder + "; name a folder that may be written with --out", e);
        }
    }

    /** Prints the tables, and writes the files if there is a folder, which exists. */
    void report(
            EvaluateCommand.Evaluated tuned,
            Optional<EvaluateCommand.Evaluated> base,
            Optional<Path> folder,
            Map<String, String> settings) {
        Map<String, Means> means = means(tuned);
        print(means, tuned);
        base.ifPresent(plain -> printDifferences(tuned, plain));
        printTasks(means);
        folder.ifPresent(path -> {
            write(path, means, tuned, base, settings);
            out.println("wrote " + path);
        });
    }

    private static Map<String, Means> means(EvaluateCommand.Evaluated evaluated) {
        Map<String, Means> means = new LinkedHashMap<>();
        evaluated
                .all()
                .forEach((name, scores) -> means.put(
                        name, new Means(scores.overall(name), scores.meanOfTasks(name), scores.byTask(name))));
        return means;
    }

    private void print(Map<String, Means> means, EvaluateCommand.Evaluated tuned) {
        long tasks = instructions.stream().map(Instruction::task).distinct().count();
        out.printf("%d instructions of %s%n%n", instructions.size(), tasks(tasks));
        out.printf("%-16s %-28s %s%n", "measure", "mean (95 % interval)", "mean of tasks");
        means.forEach((name, mean) -> {
            String note = name.equals(EvaluateCommand.CHOICE)
                    ? String.format(
                            "  (%d instructions of %s with few different answers)",
                            tuned.choice().values(name).length,
                            tasks(mean.byTask().size()))
                    : "";
            out.printf(Locale.ROOT, "%-16s %-28s %.4f%s%n", name, mean.overall(), mean.ofTasks(), note);
            if (name.equals(EvaluateCommand.LOSS)) {
                out.printf(
                        Locale.ROOT,
                        "%-16s %.2f%n",
                        "perplexity",
                        Math.exp(mean.overall().mean()));
            }
        });
    }

    private static String tasks(long count) {
        return count + (count == 1 ? " task" : " tasks");
    }

    private void printTasks(Map<String, Means> means) {
        List<String> usual = COLUMNS.stream().filter(means::containsKey).toList();
        List<String> columns = usual.isEmpty() ? List.copyOf(means.keySet()) : usual;
        Map<String, Long> counts = instructions.stream()
                .map(Instruction::task)
                .collect(Collectors.groupingBy(Function.identity(), LinkedHashMap::new, Collectors.counting()));
        out.printf("%n%-40s %6s", "task", "n");
        columns.forEach(column -> out.printf(" %14s", column));
        out.println();
        counts.forEach((task, count) -> {
            String name = task.isEmpty() ? "(no task)" : task;
            out.printf("%-40s %6d", name.length() > 40 ? name.substring(0, 39) + "~" : name, count);
            for (String column : columns) {
                Means measured = means.get(column);
                Interval mean = measured == null ? null : measured.byTask().get(task);
                out.printf(" %14s", mean == null ? "-" : String.format(Locale.ROOT, "%.4f", mean.mean()));
            }
            out.println();
        });
    }

    private void printDifferences(EvaluateCommand.Evaluated tuned, EvaluateCommand.Evaluated base) {
        out.printf("%n%-16s %-28s %s%n", "", "base model", "adapter - base model (paired)");
        Map<String, AnswerScores> without = base.all();
        tuned.all().forEach((name, scores) -> {
            AnswerScores plain = without.getOrDefault(name, scores);
            double[] with = scores.values(name);
            double[] before = plain.values(name);
            double[] difference = new double[with.length];
            Arrays.setAll(difference, i -> with[i] - before[i]);
            out.printf(
                    "%-16s %-28s %s%n",
                    name, plain.overall(name), Interval.of(difference).difference());
        });
    }

    private void write(
            Path folder,
            Map<String, Means> means,
            EvaluateCommand.Evaluated tuned,
            Optional<EvaluateCommand.Evaluated> base,
            Map<String, String> settings) {
        Map<String, Object> summary = new LinkedHashMap<>(new TreeMap<>(settings));
        summary.put("instructions", instructions.size());
        summary.put("scores", json(means));
        base.ifPresent(plain -> summary.put("base_scores", json(means(plain))));
        Map<String, double[]> values = new LinkedHashMap<>();
        tuned.scores().names().forEach(name -> values.put(name, tuned.scores().values(name)));
        OutputFile.lines(
                folder.resolve("generations.jsonl"),
                IntStream.range(0, instructions.size())
                        .mapToObj(i -> line(i, values, tuned, base))
                        .iterator());
        OutputFile.text(folder.resolve("evaluation.json"), PRETTY.toJson(summary) + "\n");
    }

    private String line(
            int i,
            Map<String, double[]> values,
            EvaluateCommand.Evaluated tuned,
            Optional<EvaluateCommand.Evaluated> base) {
        Instruction asked = instructions.get(i);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("task", asked.task());
        line.put("instruction", asked.instruction());
        line.put("input", asked.input());
        line.put("reference", asked.output());
        if (!tuned.answers().isEmpty()) {
            line.put("answer", tuned.answers().get(i));
            base.ifPresent(plain -> line.put("base_answer", plain.answers().get(i)));
        }
        values.forEach((name, scores) -> putFinite(line, name.replace('-', '_'), scores[i]));
        return LINE.toJson(line);
    }

    private static Map<String, Object> json(Map<String, Means> means) {
        Map<String, Object> measures = new LinkedHashMap<>();
        means.forEach((name, mean) -> {
            Map<String, Object> measure = json(mean.overall());
            putFinite(measure, "mean_of_tasks", mean.ofTasks());
            Map<String, Object> tasks = new LinkedHashMap<>();
            mean.byTask().forEach((task, interval) -> tasks.put(task, json(interval)));
            measure.put("tasks", tasks);
            measures.put(name.replace('-', '_'), measure);
        });
        return measures;
    }

    private static Map<String, Object> json(Interval interval) {
        Map<String, Object> json = new LinkedHashMap<>();
        putFinite(json, "mean", interval.mean());
        putFinite(json, "low", interval.low());
        putFinite(json, "high", interval.high());
        return json;
    }

    /** Leaves out NaN and infinity, which JSON does not have. */
    private static void putFinite(Map<String, Object> json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        }
    }
}
