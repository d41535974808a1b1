package io.github.fedhds.examples.report;

import java.nio.file.Path;
import java.util.Optional;

/** A page with the table of a comparison's rows and links to the reports of its runs, in the folders beside it. */
public final class ComparisonIndex {
    private final Markup page = ReportPage.begin("FedHDS comparison")
            .add(
                    "<h1>FedHDS comparison</h1>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Runs\"><table>")
            .element("caption", "Rouge-L on unseen tasks, and the work of each run");

    /** A page without rows. */
    public ComparisonIndex() {
        page.add("<thead><tr>");
        for (String column : new String[] {"run", "Rouge-L", "samples", "share", "features", "selection", "training"}) {
            page.element("th scope=\"col\"", column);
        }
        page.add("</tr></thead>\n<tbody>\n");
    }

    /**
     * Adds a row.
     *
     * @param report path of the run's report from the page's folder, if it has one
     * @param cells Rouge-L, samples, share, and seconds of features, selection and training
     */
    public void add(String name, Optional<String> report, String... cells) {
        page.add("<tr><th scope=\"row\">");
        report.ifPresent(path -> page.add("<a href=\"%s\">", Markup.escape(path)));
        page.text(name);
        report.ifPresent(path -> page.add("</a>"));
        page.add("</th>");
        for (String cell : cells) {
            page.element("td", cell);
        }
        page.add("</tr>\n");
    }

    /** Writes the page as {@code index.html}; if that fails, a warning is logged. */
    public void write(Path folder) {
        PageFile.write(folder.resolve("index.html"), page + "</tbody></table></div>\n</main>\n</body>\n</html>\n");
    }
}
