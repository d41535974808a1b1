package io.github.fedhds.examples.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import io.github.fedhds.examples.cli.FindingLine;
import io.github.fedhds.monitoring.Finding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** The page that is made from events: its form, its content, and runs at the edges. */
class ReportPageTest {
    private static final Gson GSON = new Gson();
    private static final List<String> SECTIONS =
            List.of("diagnosis", "curves", "rounds", "clients", "maps", "refusals", "settings");

    @TempDir
    private Path folder = Path.of("");

    private final RunData data = new RunData();

    private void event(String event, int round, Object... fields) {
        data.add(line(event, round, fields));
    }

    private static String line(String event, int round, Object... fields) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("event", event);
        json.put("time", "2026-01-02T03:04:05.006Z");
        json.put("run", "mine");
        if (round > 0) {
            json.put("round", round);
        }
        for (int i = 0; i < fields.length; i += 2) {
            json.put((String) fields[i], fields[i + 1]);
        }
        return GSON.toJson(json);
    }

    private void start() {
        event("start", 0, "settings", Map.of("rounds", 3, "seed", 1), "versions", Map.of("Java", "17"));
    }

    /** A round in which each client trains on two of its ten samples. */
    private void round(int round, List<String> clients, double loss) {
        event("opened", round, "clients", clients, "bytes", 1000);
        for (String client : clients) {
            event("work", round, "client", client, "seconds", 0.5);
            event(
                    "message",
                    round,
                    "client",
                    client,
                    "kind",
                    "centroids",
                    "status",
                    "accepted",
                    "bytes",
                    10,
                    "held",
                    10);
            event(
                    "message",
                    round,
                    "client",
                    client,
                    "kind",
                    "update",
                    "status",
                    "accepted",
                    "bytes",
                    100,
                    "samples",
                    2,
                    "loss",
                    loss);
        }
        event("selected", round, "groups", Map.of(), "bytes", 5);
        event(
                "round",
                round,
                "clients",
                clients,
                "reports",
                clients.size(),
                "centroids",
                7,
                "selected_groups",
                3,
                "selected",
                2 * clients.size(),
                "updates",
                clients.size(),
                "loss",
                loss,
                "score",
                0.125 * round,
                "seconds",
                Map.of("features", 1, "selection", 2, "training", 3, "aggregation", 0.5, "wall", 4),
                "bytes",
                Map.of("to_clients", 1100, "to_server", 220));
    }

    private void map(int round, String of, String client, List<String> labels) {
        event(
                "map",
                round,
                "of",
                of,
                "client",
                client,
                "placed",
                "PCA",
                "total",
                30,
                "x",
                List.of(0, 1, 2),
                "y",
                List.of(0, 1, 4),
                "group",
                List.of(0, 0, -1),
                "chosen",
                List.of(1),
                "labels",
                labels,
                "label",
                List.of(0, 0, 0));
    }

    /** The page, which must be well-formed, complete and without anything to load. */
    private Document parsed(String page) throws Exception {
        for (String section : SECTIONS) {
            assertTrue(page.contains("<h2 id=\"" + section + "\">"), section);
        }
        assertFalse(page.contains("http"), "nothing may be loaded");
        assertFalse(page.contains("<script"));
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(
                        page.replace("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
    }

    private static String text(Document page) {
        return page.getDocumentElement().getTextContent().replaceAll("\\s+", " ");
    }

    private static List<String> cells(Document page, int table) {
        NodeList rows =
                ((org.w3c.dom.Element) page.getElementsByTagName("table").item(table)).getElementsByTagName("tr");
        return IntStream.range(0, rows.getLength())
                .mapToObj(i -> {
                    NodeList cells = rows.item(i).getChildNodes();
                    return String.join(
                            "|",
                            IntStream.range(0, cells.getLength())
                                    .mapToObj(k -> cells.item(k).getTextContent())
                                    .toList());
                })
                .toList();
    }

    @Test
    void page_ofARun_showsTheEventsData() throws Exception {
        start();
        event("evaluated", 0, "score", 0.01);
        List<String> clients = List.of("client-1", "client-2");
        round(1, clients, 2.5);
        event(
                "message",
                2,
                "client",
                "client-2",
                "kind",
                "update",
                "status",
                "refused",
                "refusal",
                "too-far",
                "reason",
                "norm of 7",
                "bytes",
                9);
        event("failed", 2, "client", "client-1", "reason", "out of disk");
        round(2, clients, 1.5);
        event(
                "finding",
                2,
                "kind",
                "unequal_coresets",
                "what",
                "one has 80 %",
                "cause",
                "it differs",
                "try",
                List.of("Limits.maxGroups"));
        map(2, "server", "", List.of("client-1"));
        map(2, "client", "client-1", List.of("task-7"));
        event("end", 0, "status", "done");
        Document page = parsed(ReportPage.of(data, false));
        List<String> rounds = cells(page, 0);
        assertEquals("1|2|2|7|3|4|20.00 %|2.5000|0.1250|4.0|0|0|0|", rounds.get(1));
        assertEquals("2|2|2|7|3|4|20.00 %|1.5000|0.2500|4.0|1|0|0|", rounds.get(2));
        List<String> ofClients = cells(page, 1);
        assertEquals("client-1|2|2|4|10|2.0000|1.0|220 B|0|0|1", ofClients.get(1));
        assertEquals("client-2|2|2|4|10|2.0000|1.0|229 B|1|0|0", ofClients.get(2));
        String text = text(page);
        for (String part : List.of(
                "The run is complete.",
                "2 of 3",
                "Samples trained on 8 ",
                "instructions 20.00 %",
                "0.0100",
                "Most refusals: client-2 (1)",
                "Most failures: client-1 (1)",
                "Round 2: one has 80 %",
                "Likely cause: it differs.",
                "Try: Limits.maxGroups.",
                "round 2, client-2, too-far: norm of 7",
                "round 2, client-1, failed: out of disk",
                "features 2.0 s",
                "openings 2 kB",
                "3 of 30 samples, 1 chosen",
                "task-7",
                "seed")) {
            assertTrue(text.contains(part), part);
        }
        assertEquals(6, page.getElementsByTagName("svg").getLength());
        for (int i = 0; i < 6; i++) {
            assertEquals(
                    "title",
                    page.getElementsByTagName("svg")
                            .item(i)
                            .getChildNodes()
                            .item(1)
                            .getNodeName());
        }
    }

    @Test
    void page_ofHostileNames_escapesThemAndStaysWhole() throws Exception {
        String hostile = "<script>alert('x')</script>\"&\u202eabc\u0000\ud800 \u05d0\u05d1 ]]>%s%n$1";
        String endless = "x".repeat(5000);
        start();
        event("start", 0, "settings", Map.of(hostile, hostile, "data", endless), "versions", Map.of(), "maps", hostile);
        round(1, List.of(hostile, endless), 1);
        event(
                "message", 1, "client", hostile, "kind", "update", "status", "refused", "refusal", hostile, "reason",
                hostile);
        event("finding", 1, "what", hostile, "cause", hostile, "try", List.of(hostile));
        map(1, "client", hostile, List.of(hostile));
        event("untrained", 0, "reason", hostile);
        event("end", 0, "status", "failed", "reason", hostile);
        String text = ReportPage.of(data, false);
        Document page = parsed(text);
        assertTrue(text(page).contains("<script>alert('x')</script>\"&"), "as text");
        assertFalse(text.contains("\u202e"));
        assertFalse(text.contains("x".repeat(100) + "</bdi>"), "names are shortened");
        assertTrue(text(page).contains("The run failed: <script>"));
    }

    @Test
    void findings_ofTheCommandLine_nameItsOptions() throws Exception {
        start();
        round(1, List.of("a"), 1);
        event("finding", 1, "kind", "unequal_coresets", "what", "w", "cause", "c", "try", List.of("Limits.maxGroups"));
        event("finding", 1, "kind", "of_a_newer_version", "what", "w", "cause", "c", "try", List.of("Selection.other"));
        String text = text(parsed(ReportPage.of(data, true)));
        assertTrue(text.contains("Try: " + FindingLine.options(Finding.Kind.UNEQUAL_CORESETS) + "."), text);
        assertFalse(text.contains("Limits.maxGroups"), text);
        assertTrue(text.contains("Try: Selection.other."), text);
    }

    @Test
    void settings_ofAllTypes_areShort() throws Exception {
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("data", "p3");
        options.put("rounds", "5");
        options.put("packed", true);
        options.put("json", false);
        options.put("target-modules", List.of("q_proj", "v_proj"));
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("options", options);
        settings.put("fraction", 0.24242424242424243);
        settings.put("delta", 1e-5);
        settings.put("target_modules", List.of("q_proj", "v_proj"));
        settings.put("seed", 1234567890123L);
        settings.put("fusion", "tsne");
        event("start", 0, "settings", settings, "versions", Map.of("Java", "17"));
        List<String> rows = cells(parsed(ReportPage.of(data, true)), 0);
        assertEquals(
                List.of(
                        "options|--data p3 --rounds 5 --packed --target-modules q_proj,v_proj",
                        "fraction|0.2424",
                        "delta|0.00001",
                        "target modules|q_proj, v_proj",
                        "seed|1234567890123",
                        "fusion|tsne",
                        "Java|17"),
                rows.subList(1, rows.size()));
    }

    @Test
    void figures_haveUnits() {
        assertEquals("0 B", Figures.bytes(0));
        assertEquals("999 B", Figures.bytes(999));
        assertEquals("12.42 kB", Figures.bytes(12_420));
        assertEquals("10.12 MB", Figures.bytes(10_120_000));
        assertEquals("5200 GB", Figures.bytes(5.2e12));
        assertEquals("0.0 s", Figures.seconds(0));
        assertEquals("under 0.1 s", Figures.seconds(6e-4));
        assertEquals("59.9 s", Figures.duration(59.9));
        assertEquals("1 min 0 s", Figures.duration(59.96));
        assertEquals("2 h 5 min", Figures.duration(7530));
    }

    @Test
    void page_withoutAnyEvent_saysSo() throws Exception {
        String text = text(parsed(ReportPage.of(data, false)));
        assertTrue(text.contains("No round has ended."), text);
        assertTrue(text.contains("No client took part"), text);
        assertTrue(text.contains("There are no maps"), text);
    }

    @Test
    void page_ofAVoidRoundWithoutLoss_isWhole() throws Exception {
        start();
        event("opened", 1, "clients", List.of("a"), "bytes", 10);
        event("round", 1, "clients", List.of("a"), "void", "too few answers", "selected", 0);
        event("untrained", 0, "cause", "all_void", "reason", "all are void");
        event("end", 0, "status", "nothing_trained");
        String text = text(parsed(ReportPage.of(data, false)));
        assertTrue(text.contains("No client reported a loss."), text);
        assertTrue(text.contains("too few answers"), text);
        assertTrue(text.contains("Nothing was trained: all are void."), text);
    }

    @Test
    void page_ofOneRound_hasAllCharts() throws Exception {
        start();
        round(1, List.of("a"), 0);
        Document page = parsed(ReportPage.of(data, false));
        assertEquals(4, page.getElementsByTagName("svg").getLength());
        assertFalse(ReportPage.of(data, false).contains("NaN"));
    }

    @Test
    void page_ofLinesThatAreNoEvents_leavesThemOut() throws Exception {
        start();
        for (String line : List.of("", "[]", "null", "{\"event\":", "{\"event\":\"work\",\"round\":\"x\"}", "{}")) {
            data.add(line);
        }
        round(1, List.of("a"), 1);
        assertTrue(text(parsed(ReportPage.of(data, false))).contains("1 of 3"));
    }

    @Test
    void page_ofAHundredClientsAndRounds_isSmall() throws Exception {
        start();
        List<String> clients =
                IntStream.range(0, 100).mapToObj(i -> "client-" + i).toList();
        for (int round = 1; round <= 100; round++) {
            round(round, clients, 1.0 / round);
        }
        map(100, "server", "", List.of("client-1"));
        String page = ReportPage.of(data, false);
        parsed(page);
        assertTrue(page.length() < 200_000, page.length() + " characters");
    }

    @Test
    void page_ofAThousandRounds_isThinned() throws Exception {
        start();
        for (int round = 1; round <= 1000; round++) {
            round(round, List.of("a", "b"), 1.0 / round);
        }
        String page = ReportPage.of(data, false);
        List<String> rows = cells(parsed(page), 0);
        assertTrue(rows.size() <= 122, rows.size() + " rows");
        assertTrue(rows.get(1).startsWith("1|") && rows.get(rows.size() - 1).startsWith("1000|"));
        assertTrue(page.length() < 200_000, page.length() + " characters");
    }

    @Test
    void series_thinned_keepsTheLastValueAndTheMean() {
        List<Integer> rounds = IntStream.rangeClosed(1, 1001).boxed().toList();
        Series thin = new Series(rounds, rounds.stream().map(r -> (double) r).toList()).thinned(101);
        assertEquals(101, thin.rounds().size());
        assertEquals(5.5, thin.values().get(0));
        assertEquals(1001, thin.values().get(100));
        assertEquals(1001, thin.rounds().get(100));
        assertEquals(thin, thin.thinned(101));
    }

    @Test
    void ticks_ofAnyRange_areRoundAndFew() {
        assertEquals(List.of(0.0, 20.0, 40.0, 60.0, 80.0), new Axis(0, 88, 0, 1).ticks(false));
        assertEquals(List.of(1.0, 2.0, 3.0), new Axis(0.5, 3.5, 0, 1).ticks(true));
        for (double size : new double[] {1e-9, 0.3, 7, 1234, 5e12}) {
            assertTrue(Axis.around(0, size, 0, 1).ticks(false).size() <= 6);
            assertTrue(Axis.around(size, size, 0, 1).ticks(false).size() <= 6);
        }
        assertTrue(Axis.around(Double.NaN, Double.NaN, 0, 1).ticks(false).size() <= 6);
        assertEquals("21.34M", Axis.label(21_343_000));
        assertEquals("0", Axis.label(0));
    }

    /** The browser that looks at the page, if there is one. */
    private static Optional<Path> browser() {
        return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    @Test
    @Tag("browser")
    void page_onAPhone_isNoWiderThanTheScreen() throws IOException, InterruptedException {
        assumeTrue(browser().isPresent(), "no chromium is installed, so the page's width is not checked");
        start();
        List<String> clients = List.of("client-" + "x".repeat(60), "b");
        round(1, clients, 2);
        round(2, clients, 1);
        map(2, "server", "", List.of("y".repeat(70)));
        map(2, "client", clients.get(0), List.of("y".repeat(70)));
        // the script is the test's: it writes the widths into the page
        String page = ReportPage.of(data, false)
                .replace(
                        "</body>",
                        "<script>document.title = 'width ' + document.documentElement.scrollWidth + ' of '"
                                + " + document.documentElement.clientWidth;</script></body>");
        Path frame = folder.resolve("frame.html");
        Files.writeString(folder.resolve("page.html"), page);
        Files.writeString(
                frame,
                "<!DOCTYPE html><iframe src=\"page.html\" width=\"390\" height=\"900\" style=\"border:0\" onload=\""
                        + "document.body.append(this.contentDocument.title)\"></iframe>");
        List<String> command = new ArrayList<>(
                List.of(browser().orElseThrow().toString(), "--headless=new", "--no-sandbox", "--disable-gpu"));
        command.addAll(List.of(
                "--allow-file-access-from-files",
                "--user-data-dir=" + folder.resolve("profile"),
                "--dump-dom",
                frame.toUri().toString()));
        Path out = folder.resolve("dom.html");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(folder.resolve("errors.txt").toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        assumeTrue(ended, "chromium did not answer within a minute");
        String dom = Files.readString(out);
        assertTrue(Pattern.compile("width (3[0-9][0-9]) of \\1<").matcher(dom).find(), dom);
    }
}
