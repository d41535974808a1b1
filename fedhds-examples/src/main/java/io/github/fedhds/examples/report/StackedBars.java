package io.github.fedhds.examples.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/** Sums by round, each of some parts, as stacked bars in SVG. */
final class StackedBars {
    private static final int MOST_BARS = 60;

    private StackedBars() {}

    /**
     * One part of each bar.
     *
     * @param values one for each round, 0 or more
     */
    record Part(String name, double[] values) {}

    /**
     * Draws the bars. Of many rounds, each bar is the mean of some that follow each other.
     *
     * @param unit name of the vertical axis
     * @param tick text of a number at the vertical axis
     * @param value text of a part's height or total, with its unit
     * @param rounds numbers of the rounds, ascending
     */
    static String of(
            String title,
            String unit,
            DoubleFunction<String> tick,
            DoubleFunction<String> value,
            List<Integer> rounds,
            List<Part> parts) {
        int n = rounds.size();
        int bars = Math.min(n, MOST_BARS);
        double[][] heights = new double[bars][parts.size()];
        double most = 0;
        for (int bar = 0; bar < bars; bar++) {
            int from = (int) ((long) bar * n / bars);
            int to = (int) ((long) (bar + 1) * n / bars);
            double sum = 0;
            for (int part = 0; part < parts.size(); part++) {
                for (int i = from; i < to; i++) {
                    heights[bar][part] += parts.get(part).values()[i] / (to - from);
                }
                sum += heights[bar][part];
            }
            most = Math.max(most, sum);
        }
        Axis y = Axis.around(0, most, LineChart.HEIGHT - LineChart.BOTTOM, LineChart.TOP);
        double width = (LineChart.WIDTH - LineChart.RIGHT - LineChart.LEFT) / (double) Math.max(1, bars);
        double first = n == 0 ? 1 : rounds.get(0);
        double last = n == 0 ? 1 : rounds.get(n - 1);
        double half = bars < n ? 0 : 0.5;
        Axis x = Axis.around(first - half, last + half, LineChart.LEFT, LineChart.WIDTH - LineChart.RIGHT);
        List<String> totals = new ArrayList<>();
        for (Part part : parts) {
            double sum = 0;
            for (double one : part.values()) {
                sum += one;
            }
            totals.add(part.name() + " " + value.apply(sum));
        }
        Markup svg = LineChart.begin(title, "totals: " + String.join(", ", totals));
        LineChart.grid(svg, x, y, unit, tick, false);
        for (int bar = 0; bar < bars; bar++) {
            double bottom = 0;
            for (int part = 0; part < parts.size(); part++) {
                double height = heights[bar][part];
                if (height > 0) {
                    svg.add(
                            "<rect class=\"p%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>round %d, %s:"
                                    + " %s</title></rect>\n",
                            part,
                            LineChart.LEFT + bar * width + width * 0.1,
                            y.at(bottom + height),
                            width * 0.8,
                            y.at(bottom) - y.at(bottom + height),
                            rounds.get((int) ((long) (bar + 1) * n / bars) - 1),
                            Markup.escape(parts.get(part).name()),
                            value.apply(height));
                    bottom += height;
                }
            }
        }
        svg.add("</svg>\n");
        Markup legend = new Markup().add("<p class=\"legend\">");
        for (int part = 0; part < parts.size(); part++) {
            legend.add("<span><i class=\"b%d\"></i> %s</span>\n", part, Markup.escape(totals.get(part)));
        }
        return legend.add("</p>\n") + svg.toString();
    }
}
