package io.github.fedhds.examples.report;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Points on two axes with their groups and the chosen ones, as SVG. Groups differ in colour and shape, so that they can be
 * told apart without seeing colours; chosen points have a ring.
 */
final class PointMap {
    private static final int SIZE = 360;
    private static final double EDGE = 14;
    private static final int COLOURS = 7;
    private static final int SHAPES = 3;

    private PointMap() {}

    /** The drawing of a map of at least one point. */
    static String of(String title, MapEvent map) {
        int n = map.x().length;
        double[] x = Scale.of(map.x(), EDGE, SIZE - EDGE);
        double[] y = Scale.of(map.y(), SIZE - EDGE, EDGE);
        Set<Integer> chosen = new TreeSet<>();
        for (int place : map.chosen()) {
            chosen.add(place);
        }
        long groups = Arrays.stream(map.groups()).filter(g -> g >= 0).distinct().count();
        Markup svg = new Markup()
                .add("<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", SIZE, SIZE)
                .element("title", title)
                .element(
                        "desc",
                        n + " points in " + groups + (groups == 1 ? " group, " : " groups, ") + chosen.size()
                                + " chosen");
        svg.add("<rect class=\"frame\" x=\"1\" y=\"1\" width=\"%d\" height=\"%d\"/>\n", SIZE - 2, SIZE - 2);
        double radius = n > 200 ? 2.6 : 3.6;
        for (int i = 0; i < n; i++) {
            if (!chosen.contains(i)) {
                mark(svg, map, i, x[i], y[i], radius);
            }
        }
        for (int i : chosen) { // on top
            mark(svg, map, i, x[i], y[i], radius + 1);
            svg.add("<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", x[i], y[i], radius + 4);
        }
        return svg.add("</svg>\n").toString();
    }

    private static void mark(Markup svg, MapEvent map, int i, double x, double y, double radius) {
        int group = map.groupOf(i);
        String kind = group < 0 ? "noise" : "g" + group % COLOURS;
        String title = "<title>" + Markup.plainName(map.labelOf(i))
                + (group < 0 ? ", in no group" : map.hasGroups() ? ", group " + group : "") + "</title>";
        switch (group < 0 ? 0 : group / COLOURS % SHAPES) {
            case 0 ->
                svg.add("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", kind, x, y, radius)
                        .add(title)
                        .add("</circle>\n");
            case 1 ->
                svg.add(
                                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
                                kind, x - radius, y - radius, 2 * radius, 2 * radius)
                        .add(title)
                        .add("</rect>\n");
            default ->
                svg.add(
                                "<path class=\"%s\" d=\"M%.1f %.1fl%.1f %.1fh%.1fz\">",
                                kind, x, y - 1.3 * radius, 1.2 * radius, 2.2 * radius, -2.4 * radius)
                        .add(title)
                        .add("</path>\n");
        }
    }

    /** Places values between two pixels; all in the middle if they are equal. */
    private static final class Scale {
        static double[] of(double[] values, double from, double to) {
            double low = Arrays.stream(values).min().orElse(0);
            double high = Arrays.stream(values).max().orElse(0);
            double[] placed = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                placed[i] = high > low ? from + (values[i] - low) / (high - low) * (to - from) : (from + to) / 2;
            }
            return placed;
        }
    }

    /** Classes of the colours, for a style sheet. */
    static List<String> classes() {
        return List.of("g0", "g1", "g2", "g3", "g4", "g5", "g6");
    }
}
