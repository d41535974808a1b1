package io.github.fedhds.examples.experiment;

import io.github.fedhds.dataset.PartitionSummary;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A picture of a partition: a bar of each client's number of instructions above a map of its shares of the tasks, one
 * column a client and one row a task. Clients are ordered by their largest task, so that heterogeneous clients form a
 * diagonal. Of many clients some are drawn, at equal distances in that order; of many tasks the largest, and one row for
 * all others.
 */
public final class PartitionPicture {
    private static final int PAGE = 900;
    private static final int LEFT = 210;
    private static final int RIGHT = 16;
    private static final int TOP = 58;
    private static final int BARS = 70;
    private static final int MOST_CLIENTS = 200;
    private static final int MOST_TASKS = 40;
    private static final int SHADES = 10;

    private final String title;
    private final PartitionSummary summary;
    private final List<String> tasks = new ArrayList<>();
    private final List<Column> columns;

    /** A client: its name, its number of instructions, and its shares of the rows. */
    private record Column(String name, int size, double[] shares) {
        int main() {
            int main = 0;
            for (int i = 1; i < shares.length; i++) {
                main = shares[i] > shares[main] ? i : main;
            }
            return main;
        }
    }

    /**
     * A picture.
     *
     * @param title what partition of what data
     * @param clients 1 or more, with 1 instruction or more together
     */
    public PartitionPicture(String title, Map<ClientId, List<Instruction>> clients) {
        this.title = title;
        summary = PartitionSummary.of(clients);
        Map<String, Integer> counts = new TreeMap<>();
        clients.values().forEach(held -> held.forEach(one -> counts.merge(one.task(), 1, Integer::sum)));
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .limit(counts.size() > MOST_TASKS ? MOST_TASKS - 1 : MOST_TASKS)
                .forEach(entry -> tasks.add(entry.getKey()));
        Map<String, Integer> rows = new HashMap<>();
        tasks.forEach(task -> rows.put(task, rows.size()));
        int all = Math.min(counts.size(), MOST_TASKS);
        List<Column> ordered = new ArrayList<>();
        clients.forEach((id, held) -> {
            double[] shares = new double[all];
            held.forEach(one -> shares[rows.getOrDefault(one.task(), all - 1)] += 1.0 / held.size());
            ordered.add(new Column(id.value(), held.size(), shares));
        });
        ordered.sort(Comparator.comparingInt(Column::main)
                .thenComparing(Comparator.<Column>comparingDouble(column -> column.shares()[column.main()])
                        .reversed()));
        columns = some(ordered);
    }

    private static List<Column> some(List<Column> ordered) {
        if (ordered.size() <= MOST_CLIENTS) {
            return ordered;
        }
        List<Column> some = new ArrayList<>();
        for (int i = 0; i < MOST_CLIENTS; i++) {
            some.add(ordered.get((int) ((long) i * ordered.size() / MOST_CLIENTS)));
        }
        return some;
    }

    /** The caption: title and figures. */
    public String caption() {
        return String.format(
                Locale.ROOT,
                "%s: %,d clients, %,d to %,d instructions, heterogeneity %.2f (%.2f at random)",
                title,
                summary.clients(),
                summary.least(),
                summary.most(),
                summary.heterogeneity(),
                summary.heterogeneityAtRandom());
    }

    /** The picture as SVG text. */
    public String svg() {
        int rows = Math.min(summary.tasks(), MOST_TASKS);
        double height = Math.max(13, Math.min(30, 320.0 / rows));
        double map = TOP + BARS + 14;
        double bottom = map + rows * height;
        Svg svg = new Svg(PAGE, (int) (bottom + 62), caption());
        svg.text(16, 26, 15, "font-weight=\"bold\"", caption());
        double width = (PAGE - LEFT - RIGHT) / (double) columns.size();
        drawSizes(svg, width);
        for (int row = 0; row < rows; row++) {
            svg.text(LEFT - 8, map + (row + 0.5) * height + 4, 11, "text-anchor=\"end\"", name(row));
        }
        drawShares(svg, width, height, map);
        svg.frame(LEFT, map, PAGE - LEFT - RIGHT, rows * height);
        drawLegend(svg, bottom);
        return svg.toString();
    }

    private String name(int row) {
        if (row >= tasks.size()) {
            return "other tasks (" + (summary.tasks() - tasks.size()) + ")";
        }
        String name = tasks.get(row).isEmpty() ? "(no task)" : tasks.get(row);
        return name.length() <= 32 ? name : name.substring(0, 31) + "\u2026";
    }

    private void drawSizes(Svg svg, double width) {
        svg.text(LEFT - 8, TOP + 10, 11, "text-anchor=\"end\"", String.format(Locale.ROOT, "%,d", summary.most()));
        svg.text(LEFT - 8, TOP + BARS, 11, "text-anchor=\"end\"", "instructions  0");
        StringBuilder bars = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            double bar = BARS * columns.get(i).size() / (double) summary.most();
            bars.append(cell(LEFT + i * width, TOP + BARS - bar, gap(width), bar));
        }
        svg.path(bars.toString(), "#4d4d4d");
        svg.open("stroke=\"#888888\"");
        svg.line(LEFT, TOP + BARS, PAGE - RIGHT, TOP + BARS);
        svg.close();
    }

    /** Cells of one shade are one path, which keeps the file small. */
    private void drawShares(Svg svg, double width, double height, double top) {
        Map<Integer, StringBuilder> shades = new LinkedHashMap<>();
        for (int i = 0; i < columns.size(); i++) {
            double[] shares = columns.get(i).shares();
            for (int row = 0; row < shares.length; row++) {
                if (shares[row] > 0) {
                    int shade = (int) Math.min(SHADES, Math.ceil(Math.sqrt(shares[row]) * SHADES - 1e-9));
                    shades.computeIfAbsent(shade, s -> new StringBuilder())
                            .append(cell(LEFT + i * width, top + row * height, gap(width), height - 1));
                }
            }
        }
        shades.forEach((shade, cells) -> svg.path(cells.toString(), color(shade)));
    }

    private static double gap(double width) {
        return width > 6 ? width - 1 : width;
    }

    private static String cell(double x, double y, double width, double height) {
        return String.format(Locale.ROOT, "M%.1f %.1fh%.1fv%.1fh%.1fz", x, y, width, height, -width);
    }

    /** From light to dark blue. Shares of 1, 4, 9, 16 to 100 % have a shade each, since of many tasks all shares are small. */
    private static String color(int shade) {
        double t = (shade - 1.0) / (SHADES - 1);
        return String.format(
                Locale.ROOT,
                "#%02x%02x%02x",
                Math.round(214 - t * 206),
                Math.round(230 - t * 182),
                Math.round(244 - t * 137));
    }

    private void drawLegend(Svg svg, double bottom) {
        String clients = summary.clients() <= MOST_CLIENTS
                ? "clients, by their largest task"
                : MOST_CLIENTS + " of the clients, by their largest task";
        svg.text(LEFT, bottom + 20, 12, "", clients);
        double from = PAGE - RIGHT - 18 * SHADES;
        svg.text(from - 8, bottom + 41, 11, "text-anchor=\"end\"", "share of the client's instructions, up to");
        for (int shade = 1; shade <= SHADES; shade++) {
            svg.path(cell(from + 18 * (shade - 1), bottom + 30, 17, 14), color(shade));
        }
        svg.text(from, bottom + 56, 10, "", "1 %");
        svg.text(from + 18 * 4, bottom + 56, 10, "", "25 %");
        svg.text(PAGE - RIGHT, bottom + 56, 10, "text-anchor=\"end\"", "100 %");
    }
}
