package io.github.fedhds.examples.paper;

import com.google.common.html.HtmlEscapers;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All answers as one HTML file that needs no other file and no network. */
final class AnswerPage {
    private static final String STYLE = """
            :root { color-scheme: light dark; }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
            .wide { overflow-x: auto; }
            table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
            th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #8886; text-align: right; }
            th:first-child, td:first-child { text-align: left; }
            svg { max-width: 100%; height: auto; border-radius: 4px; }
            """;

    private final String title;
    private final Map<String, String> settings;
    private final List<Answer> answers;

    AnswerPage(String title, Map<String, String> settings, List<Answer> answers) {
        this.title = title;
        this.settings = new TreeMap<>(settings);
        this.answers = answers;
    }

    String html() {
        StringBuilder html =
                new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>"
                        + escape(title) + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n<h1>"
                        + escape(title)
                        + "</h1>\n");
        for (Answer answer : answers) {
            html.append("<h2>").append(escape(answer.question().title())).append("</h2>\n<p>");
            html.append(escape(answer.question().question())).append("</p>\n").append(answer.svg());
            table(html, answer.columns(), answer.cells());
        }
        html.append("<h2>Settings</h2>\n");
        table(
                html,
                List.of("setting", "value"),
                settings.entrySet().stream()
                        .map(setting -> List.of(setting.getKey(), setting.getValue()))
                        .toList());
        html.append("<p>A large mark is the mean over the seeds, a line the range, a small mark a seed.</p>\n");
        return html.append("</body>\n</html>\n").toString();
    }

    private static void table(StringBuilder html, List<String> columns, List<List<String>> rows) {
        html.append("<div class=\"wide\"><table>\n<tr>");
        columns.forEach(column ->
                html.append("<th scope=\"col\">").append(escape(column)).append("</th>"));
        html.append("</tr>\n");
        for (List<String> row : rows) {
            html.append("<tr>");
            row.forEach(cell -> html.append("<td>").append(escape(cell)).append("</td>"));
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
    }

    private static String escape(String text) {
        return HtmlEscapers.htmlEscaper().escape(text);
    }
}
