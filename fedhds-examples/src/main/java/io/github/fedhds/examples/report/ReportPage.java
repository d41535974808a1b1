package io.github.fedhds.examples.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.examples.cli.FindingLine;
import io.github.fedhds.examples.report.RunData.ClientData;
import io.github.fedhds.examples.report.RunData.RoundData;
import io.github.fedhds.monitoring.Finding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/** The page of a run: one text that needs no other file and no network, and is both HTML and well-formed XML. */
final class ReportPage {
    private static final int MOST_ROWS = 120;
    private static final int MOST_REASONS = 20;
    private static final String NONE = "\u2013";

    private final RunData data;
    private final Markup page;
    private final boolean commandLine;
    private List<String> columns = List.of(); // of the table that is being written

    private ReportPage(RunData data, boolean commandLine) {
        this.data = data;
        this.commandLine = commandLine;
        page = begin("FedHDS report: " + data.run).add("<h1>FedHDS report: %s</h1>\n", Markup.name(data.run));
    }

    /**
     * The page, as text.
     *
     * @param commandLine whether findings name options of the command line in place of settings in Java
     */
    static String of(RunData data, boolean commandLine) {
        ReportPage report = new ReportPage(data, commandLine);
        report.summary();
        report.findings();
        report.curves();
        report.roundTable();
        report.clientTable();
        report.maps();
        report.refusals();
        report.settings();
        return report.page.add("</main>\n</body>\n</html>\n").toString();
    }

    /** The head of a page, to the beginning of its content. */
    static Markup begin(String title) {
        return new Markup()
                .add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
                .add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
                .add("<meta name=\"color-scheme\" content=\"light dark\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n")
                .element("title", title)
                .add("<style>\n")
                .add(ReportStyle.text())
                .add("</style>\n</head>\n<body>\n<main>\n");
    }

    private void section(String id, String title) {
        page.add("<h2 id=\"%s\">", id).text(title).add("</h2>\n");
    }

    private static String number(OptionalDouble value, String format) {
        return value.isPresent() ? String.format(Locale.ROOT, format, value.getAsDouble()) : NONE;
    }

    private double sum(ToDoubleFunction<RoundData> of) {
        return data.ended().stream()
                .mapToDouble(round -> of.applyAsDouble(round.getValue()))
                .sum();
    }

    private void summary() {
        int ended = data.ended().size();
        String rounds = data.settings.getOrDefault("rounds", "");
        String state = switch (data.status) {
            case "done" -> "The run is complete.";
            case "nothing_trained" -> "The run is complete, but nothing was trained.";
            case "failed" -> "The run failed: " + data.reason;
            default ->
                "The run had not ended when this page was written. If its process is no longer running, "
                        + (commandLine ? "--resume continues it." : "it can be resumed.");
        };
        page.add("<p class=\"%s\">", data.status.equals("failed") ? "failed" : "state")
                .text(state)
                .add("</p>\n");
        data.notes.forEach(note -> page.element("p", note));
        page.element("p class=\"note\"", "Started " + date(data.begun) + ". Last event " + date(data.newest) + ".");
        page.add("<dl class=\"facts\">\n");
        fact("Rounds", rounds.isEmpty() ? "" + ended : ended + " of " + rounds);
        double samples = sum(round -> round.number("selected").orElse(0));
        double held = sum(round -> round.held);
        fact("Samples trained on", Axis.label(samples));
        fact(
                "Share of clients\u2019 instructions",
                held > 0 ? String.format(Locale.ROOT, "%.2f %%", 100 * samples / held) : NONE);
        Series scores = data.series("score");
        OptionalDouble best = scores.values().stream().mapToDouble(v -> v).max();
        fact("Rouge-L, base model", number(data.baseScore, "%.4f"));
        fact("Rouge-L, best round", number(best, "%.4f"));
        fact(
                "Rouge-L, last adapter",
                data.lastScore.isPresent() || scores.isEmpty()
                        ? number(data.lastScore, "%.4f")
                        : String.format(
                                Locale.ROOT,
                                "%.4f",
                                scores.values().get(scores.values().size() - 1)));
        fact("Time of the rounds", Figures.duration(sum(round -> round.number("seconds", "wall"))));
        fact(
                "Size of all messages",
                Figures.bytes(sum(round -> round.number("bytes", "to_clients") + round.number("bytes", "to_server"))));
        page.add("</dl>\n");
    }

    private static String date(String time) {
        return time.length() >= 19 ? time.substring(0, 19).replace('T', ' ') + " UTC" : NONE;
    }

    private void fact(String name, String value) {
        page.add("<div>").element("dt", name).element("dd", value).add("</div>\n");
    }

    private void findings() {
        section("diagnosis", "Diagnosis");
        if (data.findings.isEmpty()) {
            page.element("p", "No problems were found.");
        }
        for (JsonObject finding : data.findings) {
            page.add("<div class=\"finding\">")
                    .element(
                            "strong",
                            "Round " + (int) RunData.number(finding, "round").orElse(0) + ": "
                                    + RunData.text(finding, "what"))
                    .element("p", "Likely cause: " + RunData.text(finding, "cause") + ".")
                    .element("p", "Try: " + advice(finding) + ".")
                    .add("</div>\n");
        }
        if (data.settings.getOrDefault("secure_aggregation", "false").equals("true")) {
            page.element(
                    "p",
                    "With secure aggregation no single update is visible. Scattered updates, unequal coresets and saturated"
                            + " bounds therefore cannot be detected.");
        }
    }

    /** What may help: options if the run is one of the command line and the finding is of a known kind. */
    private String advice(JsonObject finding) {
        String kind = RunData.text(finding, "kind");
        if (commandLine) {
            for (Finding.Kind known : Finding.Kind.values()) {
                if (known.name().equalsIgnoreCase(kind)) {
                    return FindingLine.options(known);
                }
            }
        }
        List<String> settings = new ArrayList<>();
        if (finding.has("try")) {
            for (JsonElement setting : finding.getAsJsonArray("try")) {
                settings.add(setting.getAsString());
            }
        }
        return String.join("; or ", settings);
    }

    private void curves() {
        section("curves", "Rounds");
        page.add("<div class=\"charts pairs\">\n");
        figure("Training loss, nats per token", data.series("loss"), "loss", false, "No client reported a loss.");
        Series scores = data.scores();
        figure(
                "Rouge-L on unseen tasks",
                scores,
                "Rouge-L",
                true,
                "No round was evaluated." + (commandLine ? " --evaluate-every evaluates during the run." : ""));
        bars();
        page.add("</div>\n");
    }

    private void figure(String title, Series series, String unit, boolean fromZero, String ifEmpty) {
        page.add("<figure>").element("figcaption", title);
        if (series.isEmpty()) {
            page.element("p class=\"empty\"", ifEmpty);
        } else {
            page.add("%s", LineChart.of(title, unit, series, fromZero));
        }
        page.add("</figure>\n");
    }

    private void bars() {
        List<Integer> numbers = data.ended().stream().map(Map.Entry::getKey).toList();
        if (numbers.isEmpty()) {
            page.element("p class=\"empty\"", "No round has ended.");
            return;
        }
        page.add("<figure>")
                .element("figcaption", "Time by step: work in a round, summed over the clients")
                .add(
                        "%s",
                        StackedBars.of(
                                "Time by step",
                                "seconds",
                                Axis::label,
                                Figures::seconds,
                                numbers,
                                List.of(
                                        part("features", round -> round.number("seconds", "features")),
                                        part("selection", round -> round.number("seconds", "selection")),
                                        part("training", round -> round.number("seconds", "training")),
                                        part("aggregation", round -> round.number("seconds", "aggregation")))))
                .add("</figure>\n<figure>")
                .element("figcaption", "Traffic by step: size of the messages in a round")
                .add(
                        "%s",
                        StackedBars.of(
                                "Traffic by step",
                                "size",
                                Figures::bytes,
                                Figures::bytes,
                                numbers,
                                List.of(
                                        part("openings", round -> round.openings),
                                        part("centroids", round -> round.centroids),
                                        part("selections", round -> round.selections),
                                        part("adapters", round -> round.updates),
                                        part("other", ReportPage::otherBytes))))
                .add("</figure>\n");
    }

    /** Receipts and withdrawals, and the parts of secure sums. */
    private static double otherBytes(RoundData round) {
        double down = round.number("bytes", "to_clients") - round.openings - round.selections;
        return Math.max(0, down) + round.otherUp;
    }

    private StackedBars.Part part(String name, ToDoubleFunction<RoundData> of) {
        return new StackedBars.Part(
                name,
                data.ended().stream()
                        .mapToDouble(round -> of.applyAsDouble(round.getValue()))
                        .toArray());
    }

    /** Begins a table; {@code kind} is its class in the style sheet. */
    private void table(String kind, String caption, String... names) {
        columns = List.of(names);
        page.add(
                        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table class=\"%s\">",
                        Markup.escape(caption), kind)
                .element("caption", caption)
                .add("<thead><tr>");
        for (String column : names) {
            page.element("th scope=\"col\"", column);
        }
        page.add("</tr></thead>\n<tbody>\n");
    }

    private void row(String head, String... cells) {
        page.add("<tr><th scope=\"row\">%s</th>", head);
        for (int i = 0; i < cells.length; i++) {
            String cell = cells[i];
            boolean isNumber = !cell.isEmpty() && Character.isDigit(cell.charAt(0)) || cell.equals(NONE);
            page.add("<td%s data-name=\"%s\">%s</td>", isNumber ? "" : " class=\"text\"", columns.get(i + 1), cell);
        }
        page.add("</tr>\n");
    }

    private void endTable() {
        page.add("</tbody></table></div>\n");
    }

    private void roundTable() {
        section("rounds", "Round by round");
        List<Map.Entry<Integer, RoundData>> all = data.ended();
        if (all.isEmpty()) {
            page.element("p", "No round has ended.");
            return;
        }
        if (all.size() > MOST_ROWS) {
            page.element(
                    "p",
                    "The run has " + all.size()
                            + " rounds. The table shows the first and the last ones, and some of those between.");
        }
        table(
                "cards rounds",
                "Rounds",
                "round",
                "clients",
                "reports",
                "centroids",
                "groups chosen",
                "samples",
                "share",
                "loss",
                "Rouge-L",
                "seconds",
                "refused",
                "withdrawn",
                "failed",
                "note");
        for (int i = 0; i < all.size(); i++) {
            if (isShown(i, all.size())) {
                row(all.get(i).getKey(), all.get(i).getValue());
            }
        }
        endTable();
    }

    /** The first and last rounds, and others at even distances. */
    private static boolean isShown(int i, int n) {
        int ends = MOST_ROWS / 3;
        int every = Math.max(1, (n - 2 * ends + ends - 1) / ends);
        return n <= MOST_ROWS || i < ends || i >= n - ends || i % every == 0;
    }

    private void row(int number, RoundData round) {
        JsonObject line = round.line.orElseThrow();
        OptionalDouble samples = round.number("selected");
        int clients = line.has("clients") ? line.getAsJsonArray("clients").size() : 0;
        int failed = line.has("failed_clients")
                ? line.getAsJsonArray("failed_clients").size()
                : 0;
        row(
                String.valueOf(number),
                String.valueOf(clients),
                number(round.number("reports"), "%.0f"),
                number(round.number("centroids"), "%.0f"),
                number(round.number("selected_groups"), "%.0f"),
                number(samples, "%.0f"),
                round.held > 0 ? number(OptionalDouble.of(100 * samples.orElse(0) / round.held), "%.2f %%") : NONE,
                number(round.number("loss"), "%.4f"),
                number(round.number("score"), "%.4f"),
                number(OptionalDouble.of(round.number("seconds", "wall")), "%.1f"),
                String.valueOf(round.refused),
                String.valueOf(round.withdrawn),
                String.valueOf(failed),
                Markup.escape(RunData.text(line, "void")));
    }

    private void clientTable() {
        section("clients", "Clients");
        if (data.clients.isEmpty()) {
            page.element("p", "No client took part in a round.");
            return;
        }
        worst();
        List<Map.Entry<String, ClientData>> shown = data.clients.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<String, ClientData> client) ->
                                -client.getValue().faults())
                        .thenComparing(client -> -or(client.getValue().loss(), -1))
                        .thenComparing(Map.Entry::getKey))
                .limit(MOST_ROWS)
                .toList();
        if (shown.size() < data.clients.size()) {
            page.element(
                    "p",
                    "The run has " + data.clients.size() + " clients. The table shows the " + MOST_ROWS
                            + " with the most faults and the highest losses.");
        }
        table(
                "cards",
                "Clients; those with faults come first, then those with the highest loss",
                "client",
                "rounds",
                "trained",
                "samples",
                "instructions",
                "loss",
                "seconds",
                "sent",
                "refused",
                "withdrawn",
                "failed");
        for (Map.Entry<String, ClientData> client : shown) {
            ClientData of = client.getValue();
            row(
                    Markup.name(client.getKey()),
                    String.valueOf(of.rounds),
                    String.valueOf(of.trained),
                    String.valueOf(of.samples),
                    of.held > 0 ? String.valueOf(of.held) : NONE,
                    Double.isNaN(of.loss()) ? NONE : String.format(Locale.ROOT, "%.4f", of.loss()),
                    String.format(Locale.ROOT, "%.1f", of.seconds),
                    Figures.bytes(of.bytes),
                    String.valueOf(of.refusals),
                    String.valueOf(of.withdrawals),
                    String.valueOf(of.failures));
        }
        endTable();
    }

    private static double or(double value, double ifNaN) {
        return Double.isNaN(value) ? ifNaN : value;
    }

    private void worst() {
        page.add("<ul>\n");
        worst("Highest loss", ClientData::loss, "%.4f");
        worst("Longest time", client -> client.seconds, "%.1f s");
        worst("Most refusals", client -> client.refusals, "%.0f");
        worst("Most withdrawals", client -> client.withdrawals, "%.0f");
        worst("Most failures", client -> client.failures, "%.0f");
        page.add("</ul>\n");
    }

    private void worst(String what, ToDoubleFunction<ClientData> of, String format) {
        data.clients.entrySet().stream()
                .filter(client -> of.applyAsDouble(client.getValue()) > 0) // false for NaN
                .max(Comparator.comparingDouble(client -> of.applyAsDouble(client.getValue())))
                .ifPresent(client -> page.add(
                        "<li>%s: <strong>%s</strong> (%s)</li>\n",
                        what,
                        Markup.name(client.getKey()),
                        String.format(Locale.ROOT, format, of.applyAsDouble(client.getValue()))));
    }

    private void maps() {
        section("maps", "Maps");
        if (!data.noMaps.isEmpty()) {
            page.element("p", data.noMaps);
        }
        if (data.maps.isEmpty()) {
            page.element("p", "There are no maps: the selection uses no features, or no round chose any groups.");
            return;
        }
        page.element(
                "p",
                "Round " + data.maps.get(0).round()
                        + ". Points with a ring were chosen. Points close to each other are similar;"
                        + " the axes have no meaning. Grey points are in no group.");
        page.add("<div class=\"charts\">\n");
        for (MapEvent map : data.maps) {
            boolean server = map.of().equals("server");
            String title = server ? "Server: centroids of the clients" : "Client " + map.client() + ": its samples";
            page.add(
                    "<figure><figcaption>%s</figcaption>",
                    server
                            ? "Server: centroids of the clients, coloured by client"
                            : "Client " + Markup.name(map.client()) + ": its samples"
                                    + (map.hasGroups() ? ", coloured by group" : ""));
            page.add("%s", PointMap.of(title, map));
            page.element(
                    "p class=\"note\"",
                    (map.x().length < map.total() ? map.x().length + " of " : "") + map.total()
                            + (server ? " centroids, " : " samples, ") + map.chosen().length + " chosen. Placed by: "
                            + map.placed() + ".");
            page.add("</figure>\n");
        }
        page.add("</div>\n");
    }

    private void refusals() {
        section("refusals", "Refusals, withdrawals and failures");
        if (data.refusals.isEmpty() && data.refusalReasons.isEmpty()) {
            page.element("p", "None.");
            return;
        }
        if (!data.refusals.isEmpty()) {
            table("codes", "Refusals and withdrawals by code", "code", "number");
            data.refusals.forEach((code, count) -> row(Markup.escape(code), String.valueOf(count)));
            endTable();
        }
        page.add("<ul>\n");
        data.refusalReasons.stream()
                .limit(MOST_REASONS)
                .forEach(reason -> page.add("<li>%s</li>\n", Markup.escape(reason)));
        if (data.refusalReasons.size() > MOST_REASONS) {
            page.element("li", "and " + (data.refusalReasons.size() - MOST_REASONS) + " more in events.jsonl");
        }
        page.add("</ul>\n");
    }

    private void settings() {
        section("settings", "Settings and versions");
        table("settings", "Settings of the run", "setting", "value");
        data.settings.forEach((name, value) -> row(Markup.breakable(name.replace('_', ' ')), Markup.breakable(value)));
        data.versions.forEach((name, value) -> row(Markup.breakable(name), Markup.breakable(value)));
        endTable();
        page.element(
                "p class=\"note\"",
                "This page was made from events.jsonl in the same folder. It contains no text of the instructions. It names clients"
                        + " and tasks.");
    }
}
