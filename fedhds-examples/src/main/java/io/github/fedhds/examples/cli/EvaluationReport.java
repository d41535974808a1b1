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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The result of an evaluation: tables, and the files evaluation.json and generations.jsonl. */
final class EvaluationReport {
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();
    private static final Gson LINE = new Gson();

    private final PrintStream out;
    private final List<Instruction> instructions;

    EvaluationReport(PrintStream out, List<Instruction> instructions) {
        this.out = out;
        this.instructions = instructions;
    }

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

    void print(EvaluateCommand.Evaluated tuned, Optional<EvaluateCommand.Evaluated> base) {
        AnswerScores scores = tuned.scores();
        Map<String, Interval> first = scores.byTask(EvaluateCommand.LOSS);
        out.printf(
                "%d instructions of %d %s%n%n",
                instructions.size(), first.size(), first.size() == 1 ? "task" : "tasks");
        out.printf("%-16s %-28s %s%n", "measure", "mean (95 % interval)", "mean of tasks");
        for (String name : scores.names()) {
            out.printf(Locale.ROOT, "%-16s %-28s %.4f%n", name, scores.overall(name), scores.meanOfTasks(name));
        }
        out.printf(
                Locale.ROOT,
                "%-16s %.2f%n",
                "perplexity",
                Math.exp(scores.overall(EvaluateCommand.LOSS).mean()));
        int choices = tuned.choice().values(EvaluateCommand.CHOICE).length;
        if (choices > 0) {
            out.printf(
                    Locale.ROOT,
                    "%-16s %-28s %.4f  (%d instructions of %d tasks with few different answers)%n",
                    EvaluateCommand.CHOICE,
                    tuned.choice().overall(EvaluateCommand.CHOICE),
                    tuned.choice().meanOfTasks(EvaluateCommand.CHOICE),
                    choices,
                    tuned.choice().byTask(EvaluateCommand.CHOICE).size());
        }
        base.ifPresent(plain -> printDifference(tuned, plain));
        out.printf("%n%-40s %6s %8s %8s %8s %8s%n", "task", "n", "rouge-l", "exact", "f1", "loss");
        List<Map<String, Interval>> columns = Stream.of("rouge-l", "exact-match", "token-f1")
                .map(scores::byTask)
                .collect(Collectors.toList());
        columns.add(first);
        Map<String, Long> counts =
                instructions.stream().collect(Collectors.groupingBy(Instruction::task, Collectors.counting()));
        first.keySet().forEach(task -> printTask(task, counts.getOrDefault(task, 0L), columns));
    }

    private void printTask(String task, long count, List<Map<String, Interval>> columns) {
        String name = task.isEmpty() ? "(no task)" : task;
        out.printf(Locale.ROOT, "%-40s %6d", name.length() > 40 ? name.substring(0, 39) + "~" : name, count);
        for (Map<String, Interval> column : columns) {
            Interval interval = column.get(task);
            out.printf(Locale.ROOT, " %8.4f", interval == null ? Double.NaN : interval.mean());
        }
        out.println();
    }

    private void printDifference(EvaluateCommand.Evaluated tuned, EvaluateCommand.Evaluated base) {
        out.printf("%n%-16s %-28s %s%n", "", "base model", "adapter - base model (paired)");
        for (String name : tuned.scores().names()) {
            double[] with = tuned.scores().values(name);
            double[] without = base.scores().values(name);
            double[] difference = new double[with.length];
            Arrays.setAll(difference, i -> with[i] - without[i]);
            out.printf(
                    "%-16s %-28s %s%n",
                    name, base.scores().overall(name), Interval.of(difference).difference());
        }
    }

    /** Writes both files; the folder exists. */
    void write(
            Path folder,
            EvaluateCommand.Evaluated tuned,
            Optional<EvaluateCommand.Evaluated> base,
            Map<String, String> settings) {
        Map<String, Object> summary = new LinkedHashMap<>(new TreeMap<>(settings));
        summary.put("instructions", instructions.size());
        summary.put("scores", summary(tuned));
        base.ifPresent(plain -> summary.put("base_scores", summary(plain)));
        Map<String, double[]> values = new LinkedHashMap<>();
        tuned.scores().names().forEach(name -> values.put(name, tuned.scores().values(name)));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < instructions.size(); i++) {
            Instruction asked = instructions.get(i);
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("task", asked.task());
            line.put("instruction", asked.instruction());
            line.put("input", asked.input());
            line.put("reference", asked.output());
            line.put("answer", tuned.answers().get(i));
            int at = i;
            base.ifPresent(plain -> line.put("base_answer", plain.answers().get(at)));
            values.forEach((name, all) -> line.put(name.replace('-', '_'), Double.isFinite(all[at]) ? all[at] : null));
            lines.add(LINE.toJson(line));
        }
        OutputFile.text(folder.resolve("evaluation.json"), PRETTY.toJson(summary) + "\n");
        OutputFile.lines(folder.resolve("generations.jsonl"), lines.iterator());
    }

    private static Map<String, Object> summary(EvaluateCommand.Evaluated evaluated) {
        Map<String, Object> measures = new LinkedHashMap<>();
        for (String name : evaluated.scores().names()) {
            measures.put(name.replace('-', '_'), summary(evaluated.scores(), name));
        }
        if (evaluated.choice().values(EvaluateCommand.CHOICE).length > 0) {
            measures.put(EvaluateCommand.CHOICE, summary(evaluated.choice(), EvaluateCommand.CHOICE));
        }
        return measures;
    }

    private static Map<String, Object> summary(AnswerScores scores, String name) {
        Map<String, Object> summary = interval(scores.overall(name));
        summary.put("mean_of_tasks", finite(scores.meanOfTasks(name)));
        Map<String, Object> tasks = new LinkedHashMap<>();
        scores.byTask(name).forEach((task, interval) -> tasks.put(task, interval(interval)));
        summary.put("tasks", tasks);
        return summary;
    }

    private static Map<String, Object> interval(Interval interval) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("mean", finite(interval.mean()));
        json.put("low", finite(interval.low()));
        json.put("high", finite(interval.high()));
        return json;
    }

    /** JSON has no NaN. */
    private static Object finite(double value) {
        return Double.isFinite(value) ? value : "not finite";
    }
}
