package io.github.fedhds.examples.paper;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** The answer to a question: its runs, as a table and as a plot. */
final class Answer {
    private final Question question;
    private final List<Line> lines = new ArrayList<>();

    /** A row with the values of each measure, one a seed. */
    private record Line(Question.Row row, Map<Measure, double[]> values, int seeds) {}

    /** Rows without a run are left out. */
    Answer(Question question, Arm base, List<Outcome> outcomes) {
        this.question = question;
        for (Question.Row row : question.rows(base)) {
            List<Outcome> runs = outcomes.stream()
                    .filter(outcome -> outcome.arm().equals(row.arm()))
                    .toList();
            if (!runs.isEmpty()) {
                Map<Measure, double[]> values = question.measures().stream()
                        .collect(Collectors.toMap(
                                measure -> measure,
                                measure -> runs.stream()
                                        .mapToDouble(run -> value(run, measure, outcomes))
                                        .filter(Double::isFinite)
                                        .toArray()));
                lines.add(new Line(row, values, runs.size()));
            }
        }
    }

    private static double value(Outcome run, Measure measure, List<Outcome> all) {
        if (measure != Measure.SPEED_UP) {
            return run.get(measure);
        }
        Arm full = run.arm().withChoice(Choice.FULL);
        return all.stream()
                .filter(other -> other.arm().equals(full) && other.seed() == run.seed())
                .mapToDouble(other -> other.get(Measure.SECONDS) / run.get(Measure.SECONDS))
                .findFirst()
                .orElse(Double.NaN);
    }

    Question question() {
        return question;
    }

    boolean isEmpty() {
        return lines.isEmpty();
    }

    /** Names of the columns. */
    List<String> columns() {
        List<String> columns = new ArrayList<>(List.of(severalSeries() ? "series" : "", question.axis(), "seeds"));
        if (!severalSeries()) {
            columns.remove(0);
        }
        question.measures().forEach(measure -> columns.add(measure.title()));
        return columns;
    }

    /** Cells of each row. Rouge-L and loss have their range over the seeds beside the mean. */
    List<List<String>> cells() {
        List<List<String>> cells = new ArrayList<>();
        for (Line line : lines) {
            List<String> row = new ArrayList<>();
            if (severalSeries()) {
                row.add(line.row().series());
            }
            row.add(line.row().label());
            row.add(String.valueOf(line.seeds()));
            for (Measure measure : question.measures()) {
                row.add(cell(measure, line.values().getOrDefault(measure, new double[0])));
            }
            cells.add(row);
        }
        return cells;
    }

    private boolean severalSeries() {
        return lines.stream().map(line -> line.row().series()).distinct().count() > 1;
    }

    private static String cell(Measure measure, double[] values) {
        String mean = measure.text(DoubleStream.of(values).average().orElse(Double.NaN));
        boolean spread = values.length > 1 && (measure == Measure.ROUGE_L || measure == Measure.LOSS);
        return spread
                ? String.format(
                        Locale.ROOT,
                        "%s (%s to %s)",
                        mean,
                        measure.text(Arrays.stream(values).min().orElseThrow()),
                        measure.text(Arrays.stream(values).max().orElseThrow()))
                : mean;
    }

    /** The table as Markdown. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        List<String> columns = columns();
        text.append("| ").append(String.join(" | ", columns)).append(" |\n|");
        text.append("---|".repeat(columns.size())).append('\n');
        cells().forEach(row -> text.append("| ").append(String.join(" | ", row)).append(" |\n"));
        return text.toString();
    }

    /** The plot of the first two measures. */
    String svg() {
        List<Measure> measures = question.measures();
        List<MeanPlot.Point> points = lines.stream()
                .map(line -> new MeanPlot.Point(
                        line.row().series(),
                        line.row().label(),
                        line.values().getOrDefault(measures.get(0), new double[0]),
                        line.values().getOrDefault(measures.get(1), new double[0])))
                .toList();
        return new MeanPlot(question, points).svg();
    }
}
