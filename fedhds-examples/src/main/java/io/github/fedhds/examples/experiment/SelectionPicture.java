package io.github.fedhds.examples.experiment;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.message.Centroid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A picture of one round of selection: one panel per client and, if the server sees points, one of its view. Candidates
 * are coloured by group, with similar groups in the same colour in all panels if possible; selected ones are large with
 * a black outline.
 *
 * @param name name of the strategy in code
 * @param colour what the panels show in addition to the selection
 * @param clients in registered order
 * @param server its groups of the clients' centroids, numbered from the first client's on
 */
record SelectionPicture(String name, Colour colour, List<Client> clients, List<Group> server) {
    /** Size of the visible plane, from the origin. */
    static final double WIDTH = 100;

    static final double HEIGHT = 120;

    private static final int PAGE = 900;
    private static final int MARGIN = 12;
    private static final int TOP = 66;
    private static final int MANY = 6; // selected samples per panel; more are drawn smaller
    private static final String GREY = "#b4b4b4"; // in no group
    private static final String DARK = "#4d4d4d"; // selected
    /**
     * Hues that can be distinguished with any colour vision: Okabe and Ito 2008, three of them darker. CIELAB
     * differences are 16 or more.
     */
    private static final List<String> HUES =
            List.of("#0072b2", "#e69f00", "#009e73", "#aa3377", "#d55e00", "#661100", "#332288", "#56b4e9");

    /** What panels show in addition to the selection. */
    enum Colour {
        /** Groups of the clients, and of the server. */
        BOTH,
        /** Groups of the clients; the server takes all of them. */
        CLIENT_GROUPS,
        /** The server's groups of all samples. */
        SERVER_GROUPS,
        /** The loss of a sample's answer. */
        LOSS,
        /** Loss divided by the loss without the prompt. */
        DIFFICULTY,
        /** Nothing. */
        NONE
    }

    /** A sample in the plane, with the mean losses of its answer. */
    record Mark(double x, double y, double loss, double lossAlone, boolean chosen) {}

    /** A client's samples, groups and sent centroids. */
    record Client(String name, List<Mark> marks, Coreset groups, List<Centroid> sent) {
        long chosen() {
            return marks.stream().filter(Mark::chosen).count();
        }

        boolean hasNoise() {
            return groups.groups().stream()
                            .mapToInt(group -> group.members().length)
                            .sum()
                    < marks.size();
        }
    }

    private boolean clientGroups() {
        return colour == Colour.BOTH || colour == Colour.CLIENT_GROUPS;
    }

    private boolean serverGroups() {
        return colour == Colour.BOTH || colour == Colour.SERVER_GROUPS;
    }

    /** The picture's caption. */
    String caption() {
        long chosen = clients.stream().mapToLong(Client::chosen).sum();
        int all = clients.stream().mapToInt(client -> client.marks().size()).sum();
        return name + ": " + chosen + " of " + all + " samples chosen";
    }

    /** The picture as SVG text. */
    String svg() {
        int panels = clients.size() + (serverGroups() ? 1 : 0);
        double width = (PAGE - MARGIN * (panels + 1.0)) / panels;
        double height = width * HEIGHT / WIDTH;
        Svg svg = new Svg(PAGE, (int) (TOP + height + 40), caption());
        svg.text(MARGIN, 27, 17, "font-weight=\"bold\" class=\"caption\"", caption());
        for (int i = 0; i < clients.size(); i++) {
            Client client = clients.get(i);
            Panel panel = new Panel(svg, MARGIN + i * (width + MARGIN), width);
            svg.mark(shape(i), panel.left() + 6, TOP - 13, 4.5, "fill=\"#555555\"");
            panel.frame(
                    16,
                    client.name() + ": " + client.chosen() + " of "
                            + client.marks().size());
            draw(client, shape(i), panel);
        }
        if (serverGroups()) {
            Panel panel = new Panel(svg, MARGIN + clients.size() * (width + MARGIN), width);
            panel.frame(0, "server: " + server.size() + " groups");
            drawServer(panel);
        }
        drawLegend(svg, TOP + height + 24);
        return svg.toString();
    }

    private static Svg.Shape shape(int client) {
        return Svg.Shape.values()[client % Svg.Shape.values().length];
    }

    /** Position of a panel on the page. */
    private record Panel(Svg svg, double left, double width) {
        void frame(double indent, String title) {
            svg.text(left + indent, TOP - 8, 14, "class=\"panel\"", title);
            svg.frame(left, TOP, width, width * HEIGHT / WIDTH);
        }

        double x(double x) {
            return left + width * x / WIDTH;
        }

        double y(double y) {
            return TOP + width * (HEIGHT - y) / WIDTH;
        }

        void mark(Svg.Shape shape, double x, double y, double radius, String attributes) {
            svg.mark(shape, x(x), y(y), radius, attributes);
        }
    }

    private void draw(Client client, Svg.Shape shape, Panel panel) {
        List<Mark> marks = client.marks();
        String[] fills = new String[marks.size()];
        for (int i = 0; i < fills.length; i++) {
            fills[i] = score(marks.get(i));
        }
        if (clientGroups()) {
            String[] hues = hues(client.sent().stream().map(Centroid::point).toList());
            for (Group group : client.groups().groups()) {
                for (int member : group.members()) {
                    fills[member] = hues[group.id()];
                }
            }
        }
        for (int i = 0; i < fills.length; i++) {
            Mark mark = marks.get(i);
            if (!mark.chosen()) {
                panel.mark(shape, mark.x(), mark.y(), 3, small(fills[i]));
            }
        }
        if (clientGroups()) {
            for (Centroid centroid : client.sent()) {
                panel.svg().cross(panel.x(centroid.point()[0]), panel.y(centroid.point()[1]), 6);
            }
        }
        double radius = client.chosen() > MANY ? 4.2 : 5.5;
        for (int i = 0; i < fills.length; i++) {
            Mark mark = marks.get(i);
            if (mark.chosen()) {
                panel.mark(
                        shape,
                        mark.x(),
                        mark.y(),
                        radius,
                        large(fills[i].equals(GREY) ? DARK : fills[i], radius, "chosen"));
            }
        }
    }

    private void drawServer(Panel panel) {
        List<double[]> points = new ArrayList<>();
        List<Svg.Shape> shapes = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            for (Centroid centroid : clients.get(i).sent()) {
                points.add(centroid.point());
                shapes.add(shape(i));
            }
        }
        String[] hues =
                hues(server.stream().map(group -> group.centre().orElseThrow()).toList());
        String[] fills = new String[points.size()];
        Arrays.fill(fills, GREY);
        boolean[] taken = new boolean[points.size()];
        for (Group group : server) {
            double[] to = points.get(group.members()[0]);
            panel.svg().open("stroke=\"" + hues[group.id()] + "\" stroke-width=\"1.5\"");
            for (int member : group.members()) {
                double[] from = points.get(member);
                fills[member] = hues[group.id()];
                if (member != group.members()[0]) {
                    panel.svg().line(panel.x(from[0]), panel.y(from[1]), panel.x(to[0]), panel.y(to[1]));
                }
            }
            panel.svg().close();
            for (int member : group.representatives()) {
                taken[member] = true;
            }
        }
        double radius = points.size() > 60 ? 2.5 : 4;
        for (boolean now : new boolean[] {false, true}) { // selected ones last, on top of all others
            for (int i = 0; i < fills.length; i++) {
                if (taken[i] == now) {
                    double[] at = points.get(i);
                    panel.mark(
                            shapes.get(i),
                            at[0],
                            at[1],
                            now ? radius + 1.5 : radius,
                            now ? large(fills[i], radius + 1.5, "taken") : small(fills[i]));
                }
            }
        }
    }

    private static String small(String fill) {
        return "fill=\"" + fill + "\"";
    }

    private static String large(String fill, double radius, String kind) {
        String rim = radius > 5 ? "2" : "1.4";
        return "class=\"" + kind + "\" fill=\"" + fill + "\" stroke=\"#000000\" stroke-width=\"" + rim + "\"";
    }

    /** One hue per group: that of the task nearest to its centre, for the nearest group; any other hue for the rest. */
    private static String[] hues(List<double[]> centres) {
        int n = centres.size();
        int[] task = new int[n];
        double[] distance = new double[n];
        for (int i = 0; i < n; i++) {
            distance[i] = Double.POSITIVE_INFINITY;
            for (int t = 0; t < SelectionPictures.TASKS.size(); t++) {
                SelectionPictures.Task place = SelectionPictures.TASKS.get(t);
                double d = Math.hypot(centres.get(i)[0] - place.x(), centres.get(i)[1] - place.y());
                if (d < distance[i]) {
                    distance[i] = d;
                    task[i] = t;
                }
            }
        }
        List<String> left = new ArrayList<>(HUES);
        String[] hues = new String[n];
        for (int i : IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(g -> distance[g]))
                .toList()) {
            String own = HUES.get(task[i]);
            if (left.isEmpty()) {
                left.addAll(HUES);
            }
            hues[i] = left.contains(own) ? own : left.get(left.size() - 1);
            left.remove(hues[i]);
        }
        return hues;
    }

    private String score(Mark mark) {
        return switch (colour) {
            case LOSS -> shade((mark.loss() - 0.5) / 2.7);
            case DIFFICULTY -> {
                double ratio = mark.loss() / mark.lossAlone();
                yield ratio < 1 ? shade((ratio - 0.2) / 0.8) : GREY;
            }
            default -> GREY;
        };
    }

    /** From light to dark blue: 0 to 1. */
    private static String shade(double value) {
        double t = Math.min(1, Math.max(0, value));
        return String.format(
                Locale.ROOT, "#%02x%02x%02x", (int) (170 - 162 * t), (int) (200 - 153 * t), (int) (235 - 115 * t));
    }

    private void drawLegend(Svg svg, double y) {
        Legend legend = new Legend(svg, y);
        String fill = switch (colour) {
            case BOTH, CLIENT_GROUPS -> HUES.get(0);
            case LOSS, DIFFICULTY -> shade(0.9);
            case SERVER_GROUPS, NONE -> DARK;
        };
        legend.mark(large(fill, 5.5, "key"), 5.5, "chosen sample");
        switch (colour) {
            case BOTH, CLIENT_GROUPS -> {
                legend.mark(small(HUES.get(0)), 3, "sample, by group");
                if (clients.stream().anyMatch(Client::hasNoise)) {
                    legend.mark(small(GREY), 3, "in no group");
                }
                legend.cross("centroid");
            }
            case SERVER_GROUPS, NONE -> {
                if (clients.stream()
                        .anyMatch(client -> client.chosen() < client.marks().size())) {
                    legend.mark(small(GREY), 3, "sample");
                }
            }
            case LOSS -> legend.shades("loss, low to high");
            case DIFFICULTY -> {
                legend.shades("loss with over without the prompt, up to 1");
                legend.mark(small(GREY), 3, "1 and above");
            }
        }
        if (serverGroups()) {
            legend.line("grouped by the server, chosen");
        }
    }

    /** Symbols and labels in a row. */
    private static final class Legend {
        private static final int SIZE = 14;

        private final Svg svg;
        private final double y;
        private double x = MARGIN + 8;

        Legend(Svg svg, double y) {
            this.svg = svg;
            this.y = y;
        }

        void mark(String attributes, double radius, String words) {
            svg.mark(Svg.Shape.CIRCLE, x, y - 5, radius, attributes);
            words(10, words);
        }

        void cross(String words) {
            svg.cross(x, y - 5, 6);
            words(12, words);
        }

        void line(String words) {
            svg.open("stroke=\"" + HUES.get(0) + "\" stroke-width=\"1.5\"");
            svg.line(x, y - 5, x + 22, y - 5);
            svg.close();
            svg.mark(Svg.Shape.CIRCLE, x, y - 5, 4, small(HUES.get(0)));
            svg.mark(Svg.Shape.CIRCLE, x + 26, y - 5, 5.5, large(HUES.get(0), 5.5, "key"));
            words(38, words);
        }

        void shades(String words) {
            for (int i = 0; i < 6; i++) {
                svg.mark(Svg.Shape.CIRCLE, x + 11 * i, y - 5, 4, small(shade(i / 5.0)));
            }
            words(68, words);
        }

        private void words(double indent, String words) {
            svg.text(x + indent, y, SIZE, "", words);
            x += indent + Svg.width(words, SIZE) + 24;
        }
    }
}
