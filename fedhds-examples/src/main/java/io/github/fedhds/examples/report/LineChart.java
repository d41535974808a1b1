package io.github.fedhds.examples.report;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** A curve over rounds as SVG, as wide as a phone, so that its letters are readable there. */
final class LineChart {
    static final int WIDTH = 360;
    static final int HEIGHT = 220;
    static final int LEFT = 50;
    static final int RIGHT = 12;
    static final int TOP = 24;
    static final int BOTTOM = 38;
    private static final int MOST_POINTS = 200;
    private static final int MOST_MARKS = 40;

    private LineChart() {}

    /**
     * Draws a curve.
     *
     * @param title what it shows, for readers and screen readers
     * @param unit name of the vertical axis
     * @param fromZero whether the vertical axis begins at 0
     */
    static String of(String title, String unit, Series all, boolean fromZero) {
        Series series = all.thinned(MOST_POINTS);
        double least = series.values().stream().mapToDouble(v -> v).min().orElse(0);
        double most = series.values().stream().mapToDouble(v -> v).max().orElse(1);
        int first = series.isEmpty() ? 0 : series.rounds().get(0);
        int last = series.isEmpty() ? 1 : series.rounds().get(series.rounds().size() - 1);
        Axis x = Axis.around(first, last, LEFT, WIDTH - RIGHT);
        double room = 0.06 * (most - least);
        Axis y = Axis.around(fromZero ? Math.min(0, least) : least - room, most + room, HEIGHT - BOTTOM, TOP);
        String told = series.isEmpty()
                ? "no values"
                : String.format(
                        Locale.ROOT,
                        "from %s in round %d to %s in round %d; lowest %s, highest %s",
                        Axis.label(series.values().get(0)),
                        first,
                        Axis.label(series.values().get(series.values().size() - 1)),
                        last,
                        Axis.label(least),
                        Axis.label(most));
        Markup svg = begin(title, told);
        grid(svg, x, y, unit, Axis::label, series.rounds().size() < 2);
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < series.rounds().size(); i++) {
            path.append(i == 0 ? 'M' : 'L')
                    .append(String.format(
                            Locale.ROOT,
                            "%.1f %.1f",
                            x.at(series.rounds().get(i)),
                            y.at(series.values().get(i))));
        }
        svg.add("<path class=\"curve\" d=\"%s\"/>\n", path);
        List<Integer> rounds = series.rounds();
        for (int i = 0; i < rounds.size() && rounds.size() <= MOST_MARKS; i++) {
            svg.add(
                    "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>round %d: %.4f</title></circle>\n",
                    x.at(rounds.get(i)),
                    y.at(series.values().get(i)),
                    rounds.get(i),
                    series.values().get(i));
        }
        return svg.add("</svg>\n").toString();
    }

    static Markup begin(String title, String description) {
        return new Markup()
                .add("<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT)
                .element("title", title)
                .element("desc", description);
    }

    /** Lines and numbers of both axes; the horizontal one counts rounds. */
    static void grid(Markup svg, Axis x, Axis y, String unit, DoubleFunction<String> label, boolean oneRound) {
        for (double tick : y.ticks(false)) {
            svg.add("<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y.at(tick), WIDTH - RIGHT)
                    .add(
                            "<text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
                            LEFT - 5, y.at(tick) + 4, tick == 0 ? "0" : label.apply(tick));
        }
        for (double tick : oneRound ? List.of(Math.rint((x.low() + x.high()) / 2)) : x.ticks(true)) {
            svg.add(
                    "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n",
                    x.at(tick), HEIGHT - BOTTOM + 16, Axis.label(tick));
        }
        svg.add("<text x=\"2\" y=\"10\">%s</text>", Markup.escape(unit))
                .add("<text class=\"end\" x=\"%d\" y=\"%d\">round</text>\n", WIDTH - RIGHT, HEIGHT - 6);
    }
}
