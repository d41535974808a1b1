package io.github.fedhds.examples.experiment;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Advantages of attacks over epsilon, with the bound of every attack, as a picture. */
final class AttackPlot {
    private static final int WIDTH = 640;
    private static final int HEIGHT = 400;
    private static final double LEFT = 60;
    private static final double RIGHT = 600;
    private static final double TOP = 24;
    private static final double BOTTOM = 340;
    private static final List<String> COLORS = List.of("#0072b2", "#d55e00");
    private static final List<Svg.Shape> SHAPES = List.of(Svg.Shape.CIRCLE, Svg.Shape.SQUARE);

    /**
     * A measured advantage.
     *
     * @param epsilon infinite without noise, and drawn at the right
     * @param bound greatest advantage of any attack
     * @param error standard error of the advantage
     */
    record Point(String attack, double epsilon, double bound, double advantage, double error) {}

    private final List<Point> points;
    private final double low;
    private final double high;

    AttackPlot(List<Point> points) {
        this.points = points;
        List<Double> logs = points.stream()
                .map(Point::epsilon)
                .filter(Double::isFinite)
                .map(Math::log10)
                .toList();
        low = logs.stream().mapToDouble(x -> x).min().orElse(0) - 0.3;
        high = logs.stream().mapToDouble(x -> x).max().orElse(0) + 1;
    }

    private double x(double epsilon) {
        double log = Double.isFinite(epsilon) ? Math.log10(epsilon) : high - 0.3;
        return LEFT + (RIGHT - LEFT) * (log - low) / (high - low);
    }

    private static double y(double advantage) {
        return BOTTOM - (BOTTOM - TOP) * (advantage + 0.2) / 1.3;
    }

    String svg() {
        Svg svg = new Svg(WIDTH, HEIGHT, "Advantage of two attacks over epsilon, and the bound");
        svg.frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
        svg.open("stroke=\"#dddddd\"");
        for (double value = 0; value <= 1; value += 0.25) {
            svg.line(LEFT, y(value), RIGHT, y(value));
        }
        svg.close();
        for (double value = 0; value <= 1; value += 0.25) {
            String text = String.format(Locale.ROOT, "%.2f", value);
            svg.text(LEFT - 6, y(value) + 4, 12, "text-anchor=\"end\"", text);
        }
        Map<Double, Double> bounds = points.stream()
                .collect(Collectors.toMap(Point::epsilon, Point::bound, (one, same) -> one, TreeMap::new));
        bounds.keySet()
                .forEach(epsilon -> svg.text(x(epsilon), BOTTOM + 18, 12, "text-anchor=\"middle\"", label(epsilon)));
        svg.text(
                (LEFT + RIGHT) / 2, BOTTOM + 40, 13, "text-anchor=\"middle\"", "epsilon of one message, at delta 1e-5");
        svg.text(LEFT, TOP - 8, 13, "", "advantage");
        drawBound(svg, bounds);
        List<String> attacks = points.stream().map(Point::attack).distinct().toList();
        for (int i = 0; i < attacks.size(); i++) {
            draw(svg, attacks.get(i), COLORS.get(i % 2), SHAPES.get(i % 2), i);
        }
        return svg.toString();
    }

    private static String label(double epsilon) {
        return Double.isFinite(epsilon) ? String.format(Locale.ROOT, "%,.0f", epsilon) : "no noise";
    }

    private void drawBound(Svg svg, Map<Double, Double> bounds) {
        svg.open("stroke=\"#000000\" stroke-dasharray=\"5 3\"");
        Map.Entry<Double, Double> before = null;
        for (Map.Entry<Double, Double> next : bounds.entrySet()) {
            if (before != null) {
                svg.line(x(before.getKey()), y(before.getValue()), x(next.getKey()), y(next.getValue()));
            }
            before = next;
        }
        svg.close();
        svg.text(LEFT + 10, y(1.04), 12, "", "dashed: the bound of every attack");
    }

    private void draw(Svg svg, String attack, String color, Svg.Shape shape, int place) {
        double shift = 4 * (2 * place - 1); // so that equal values are both visible
        for (Point point : points) {
            if (point.attack().equals(attack)) {
                double x = x(point.epsilon()) + shift;
                svg.open("stroke=\"" + color + "\"");
                svg.line(x, y(point.advantage() - point.error()), x, y(point.advantage() + point.error()));
                svg.close();
                svg.mark(shape, x, y(point.advantage()), 4.5, "fill=\"" + color + "\"");
            }
        }
        double y = BOTTOM + 56;
        double x = LEFT + 290 * place;
        svg.mark(shape, x, y - 4, 4.5, "fill=\"" + color + "\"");
        svg.text(x + 12, y, 12, "", attack);
    }
}
