package io.github.fedhds.examples.comparison;

import io.github.fedhds.evaluation.Interval;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** A table of trials: means over the seeds, and differences between methods with equal seeds. */
final class PairedTable {
    private static final List<Method> REFERENCES = List.of(Method.RANDOM, Method.BALANCED, Method.PAPER, Method.FULL);

    private final List<Trial> trials;

    PairedTable(List<Trial> trials) {
        this.trials = List.copyOf(trials);
    }

    /** A method with its learning rate and epochs. */
    private record Row(String method, double rate, int epochs) {}

    /** The table as Markdown; empty without trials. */
    String text() {
        Map<Row, Map<Long, Trial>> rows = new LinkedHashMap<>();
        for (Trial trial : trials) {
            rows.computeIfAbsent(new Row(trial.method(), trial.learningRate(), trial.epochs()), row -> new TreeMap<>())
                    .put(trial.seed(), trial);
        }
        List<Row> references = REFERENCES.stream()
                .flatMap(method ->
                        rows.keySet().stream().filter(row -> row.method().equals(method.name())))
                .toList();
        boolean trained = trials.stream().allMatch(Trial::isTrained);
        StringBuilder text = new StringBuilder();
        rows.forEach((row, bySeed) -> {
            double[] rougeL =
                    bySeed.values().stream().mapToDouble(Trial::rougeL).toArray();
            double[] loss = bySeed.values().stream().mapToDouble(Trial::loss).toArray();
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %d | %s | %s | %.1f | %.2f %% | %.1f | %.1f | %.3f | %.0f | %.0f | %.0f |%n",
                    title(row.method()),
                    text(row.rate()),
                    text(row.epochs()),
                    rougeL.length,
                    trained ? spread(rougeL) : "-",
                    trained ? spread(loss) : "-",
                    mean(bySeed, Trial::samples),
                    100 * mean(bySeed, Trial::samples) / Math.max(1, mean(bySeed, Trial::held)),
                    mean(bySeed, Trial::tasks),
                    mean(bySeed, Trial::families),
                    mean(bySeed, Trial::novelSum),
                    mean(bySeed, Trial::featureSeconds),
                    mean(bySeed, Trial::selectionSeconds),
                    mean(bySeed, Trial::trainingSeconds)));
        });
        if (text.isEmpty()) {
            return "";
        }
        String table =
                "\n| method | rate | epochs | seeds | Rouge-L, mean (deviation) | loss, mean (deviation) | samples | of the data | tasks | families | NovelSum | features, s |"
                        + " selection, s | training, s |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
                        + text;
        if (!trained) {
            return table;
        }
        StringBuilder differences = new StringBuilder();
        for (Row row : rows.keySet()) {
            for (Row reference : references) {
                Map<Long, Trial> one = rows.getOrDefault(row, Map.of());
                Map<Long, Trial> other = rows.getOrDefault(reference, Map.of());
                double[] paired = paired(one, other, Trial::rougeL);
                if (!row.equals(reference) && !row.method().equals(Trial.BASE) && paired.length > 1) {
                    differences.append(String.format(
                            "| %s | %s | %d | %s | %s |%n",
                            name(row, rows),
                            name(reference, rows),
                            paired.length,
                            Interval.of(paired).difference(),
                            Interval.of(paired(one, other, Trial::loss)).difference()));
                }
            }
        }
        return table
                + "\n| method | less | seeds | difference in Rouge-L (95 % interval) | difference in loss (95 % interval) |\n|---|---|---|---|---|\n"
                + differences;
    }

    private static String name(Row row, Map<Row, ?> rows) {
        boolean once = rows.keySet().stream()
                        .filter(other -> other.method().equals(row.method()))
                        .count()
                == 1;
        return title(row.method()) + (once ? "" : " at " + text(row.rate()) + ", " + text(row.epochs()));
    }

    /** 0 stands for the default. */
    private static String text(Number setting) {
        return setting.doubleValue() == 0 ? "default" : setting.toString();
    }

    private static String title(String method) {
        return method.equals(Trial.BASE) ? "base model" : Method.valueOf(method).title();
    }

    private static double[] paired(Map<Long, Trial> one, Map<Long, Trial> other, ToDoubleFunction<Trial> value) {
        return one.values().stream()
                .flatMap(trial -> Optional.ofNullable(other.get(trial.seed()))
                        .map(against -> value.applyAsDouble(trial) - value.applyAsDouble(against))
                        .stream())
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    private static String spread(double[] values) {
        return String.format(Locale.ROOT, "%.4f (%.4f)", mean(values), deviation(values));
    }

    private static double mean(Map<Long, Trial> trials, ToDoubleFunction<Trial> value) {
        return trials.values().stream().collect(Collectors.averagingDouble(value));
    }

    private static double mean(double[] values) {
        return DoubleStream.of(values).average().orElse(Double.NaN);
    }

    private static double deviation(double[] values) {
        double mean = mean(values);
        double squares =
                DoubleStream.of(values).map(x -> (x - mean) * (x - mean)).sum();
        return Math.sqrt(squares / Math.max(1, values.length - 1));
    }
}
