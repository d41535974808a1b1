package io.github.fedhds.examples.paper;

import io.github.fedhds.examples.experiment.Svg;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The first two measures of a question, side by side. A large mark is a mean over the seeds, a line its range, a small
 * mark a seed.
 */
final class MeanPlot {
    private static final int WIDTH = 860;
    private static final double PANEL = 340;
    private static final double TOP = 40;
    private static final double BOTTOM = 270;
    private static final List<String> COLORS = List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7");
    private static final List<Svg.Shape> SHAPES =
            List.of(Svg.Shape.CIRCLE, Svg.Shape.SQUARE, Svg.Shape.TRIANGLE, Svg.Shape.CIRCLE);

    /** A row's values. */
    record Point(String series, String label, double[] first, double[] second) {}

    private final Question question;
    private final List<Point> points;
    private final List<String> labels;
    private final List<String> series;
    private final boolean tilted;

    MeanPlot(Question question, List<Point> points) {
        this.question = question;
        this.points = points;
        labels = points.stream().map(Point::label).distinct().toList();
        series = points.stream().map(Point::series).distinct().toList();
        double space = PANEL / Math.max(1, labels.size());
        tilted = labels.stream().anyMatch(label -> Svg.width(label, 11) > space - 4);
    }

    String svg() {
        int height = (tilted ? 390 : 330) + (series.size() > 1 ? 20 : 0);
        Svg svg = new Svg(WIDTH, height, question.title());
        panel(svg, 60, question.measures().get(0), true);
        panel(svg, 60 + PANEL + 100, question.measures().get(1), false);
        svg.text(WIDTH / 2.0, height - (series.size() > 1 ? 34 : 12), 12, "text-anchor=\"middle\"", question.axis());
        if (series.size() > 1) {
            double x = 60;
            for (int i = 0; i < series.size(); i++) {
                svg.mark(shape(i), x, height - 14, 4.5, "fill=\"" + color(i) + "\"");
                svg.text(x + 10, height - 10, 12, "", series.get(i));
                x += 30 + Svg.width(series.get(i), 12);
            }
        }
        return svg.toString();
    }

    private static Svg.Shape shape(int series) {
        return SHAPES.get(series % SHAPES.size());
    }

    private static String color(int series) {
        return COLORS.get(series % COLORS.size());
    }

    private void panel(Svg svg, double left, Measure measure, boolean first) {
        double[] all = points.stream()
                .flatMapToDouble(point -> Arrays.stream(first ? point.first() : point.second()))
                .filter(Double::isFinite)
                .toArray();
        double least = Arrays.stream(all).min().orElse(0);
        double most = Arrays.stream(all).max().orElse(1);
        double step = step(most - least);
        double low = Math.floor(least / step) * step;
        double high = Math.max(low + step, Math.ceil(most / step) * step);
        svg.text(left, TOP - 14, 13, "font-weight=\"bold\"", measure.title());
        svg.frame(left, TOP, PANEL, BOTTOM - TOP);
        for (double value = low; value <= high + step / 2; value += step) {
            double y = y(value, low, high);
            svg.open("stroke=\"#dddddd\"");
            svg.line(left, y, left + PANEL, y);
            svg.close();
            svg.text(left - 6, y + 4, 11, "text-anchor=\"end\"", number(value, step));
        }
        for (int i = 0; i < labels.size(); i++) {
            double x = x(left, i);
            String attributes = tilted
                    ? String.format(
                            Locale.ROOT, "text-anchor=\"end\" transform=\"rotate(-35 %.1f %.1f)\"", x + 4, BOTTOM + 14)
                    : "text-anchor=\"middle\"";
            svg.text(x + (tilted ? 4 : 0), BOTTOM + 16, 11, attributes, labels.get(i));
        }
        for (Point point : points) {
            draw(svg, left, point, first ? point.first() : point.second(), low, high);
        }
    }

    private void draw(Svg svg, double left, Point point, double[] given, double low, double high) {
        double[] values = Arrays.stream(given).filter(Double::isFinite).toArray();
        if (values.length == 0) {
            return;
        }
        int i = series.indexOf(point.series());
        double x = x(left, labels.indexOf(point.label())) + 9 * (i - (series.size() - 1) / 2.0);
        double least = Arrays.stream(values).min().orElseThrow();
        double most = Arrays.stream(values).max().orElseThrow();
        svg.open("stroke=\"" + color(i) + "\"");
        svg.line(x, y(least, low, high), x, y(most, low, high));
        svg.close();
        for (double value : values) {
            svg.mark(shape(i), x, y(value, low, high), 1.8, "fill=\"" + color(i) + "\"");
        }
        double mean = Arrays.stream(values).average().orElseThrow();
        svg.mark(shape(i), x, y(mean, low, high), 4.5, "fill=\"" + color(i) + "\"");
    }

    private double x(double left, int label) {
        return left + PANEL * (label + 0.5) / labels.size();
    }

    private static double y(double value, double low, double high) {
        return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low);
    }

    /** 1, 2 or 5 times a power of ten, so that there are about five steps. */
    private static double step(double range) {
        double rough = range > 0 ? range / 5 : 0.1;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double digit = rough / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }

    private static String number(double value, double step) {
        int digits = (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        return String.format(Locale.ROOT, "%." + digits + "f", value + 0.0);
    }
}
