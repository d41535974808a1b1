package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import picocli.CommandLine;

/** The site's pictures are what the program draws, and what they say is what they show. */
class SelectionPicturesTest {
    private static final Path SITE = site();

    @TempDir
    private Path folder = Path.of("");

    /** The tests run in the module's folder under Maven, elsewhere perhaps in the project's. */
    private static Path site() {
        Path here = Path.of("").toAbsolutePath();
        Path root = Files.exists(here.resolve("src/site")) ? here : Objects.requireNonNull(here.getParent());
        return root.resolve("src/site");
    }

    private static void draw(Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--out", out.toString()));
        arguments.addAll(List.of(more));
        assertEquals(0, new CommandLine(new SelectionPictures()).execute(arguments.toArray(new String[0])));
    }

    private static List<Path> pictures(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".svg"))
                    .sorted()
                    .toList();
        }
    }

    private static Document parse(Path file) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
    }

    /** The elements of a class. */
    private static List<Element> ofClass(Document picture, String name) {
        NodeList all = picture.getElementsByTagName("*");
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < all.getLength(); i++) {
            if (((Element) all.item(i)).getAttribute("class").equals(name)) {
                found.add((Element) all.item(i));
            }
        }
        return found;
    }

    private static int count(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertTrue(matcher.find(), text);
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void call_defaults_drawsTheSitesPicturesToTheByte() throws IOException {
        draw(folder);
        List<Path> drawn = pictures(folder);
        assertEquals(12, drawn.size());
        TreeSet<String> shown = new TreeSet<>();
        Pattern.compile("]\\(images/(selection-[^)]+)\\)")
                .matcher(Files.readString(SITE.resolve("markdown/selection.md")))
                .results()
                .forEach(image -> shown.add(image.group(1)));
        TreeSet<String> names = new TreeSet<>();
        for (Path picture : drawn) {
            String name = String.valueOf(picture.getFileName());
            names.add(name);
            assertArrayEquals(
                    Files.readAllBytes(SITE.resolve("resources/images").resolve(name)),
                    Files.readAllBytes(picture),
                    name + " is not what the code draws; run SelectionPictures as selection.md says");
        }
        assertEquals(names, shown);
    }

    @Test
    void picture_anySeed_countsTheMarksThatItDraws() throws Exception {
        for (String seed : List.of("0", "1", "2", "3")) {
            draw(folder.resolve(seed), "--seed", seed);
            for (Path file : pictures(folder.resolve(seed))) {
                Document picture = parse(file);
                String caption = ofClass(picture, "caption").get(0).getTextContent();
                assertEquals(
                        caption, picture.getElementsByTagName("title").item(0).getTextContent());
                int chosen = count(caption, ": (\\d+) of 286 samples chosen$");
                assertEquals(ofClass(picture, "chosen").size(), chosen, caption);
                int clients = 0;
                int groups = -1;
                for (Element title : ofClass(picture, "panel")) {
                    String words = title.getTextContent();
                    if (words.startsWith("server")) {
                        groups = count(words, "(\\d+) groups$");
                    } else {
                        clients += count(words, ": (\\d+) of ");
                    }
                }
                assertEquals(chosen, clients, caption);
                if (groups >= 0) { // one sample stands for a group, on clients and server
                    assertEquals(chosen, groups, caption);
                    assertEquals(chosen, ofClass(picture, "taken").size(), caption);
                }
            }
        }
    }

    @Test
    void picture_ofAWay_holdsItsNumberOfSamples() throws Exception {
        draw(folder);
        assertEquals(286, chosen("everything"));
        assertEquals(28, chosen("random")); // a tenth of 94, 82 and 110
        assertEquals(28, chosen("perplexity"));
        assertEquals(28, chosen("difficulty"));
        assertEquals(4, chosen("diverse"));
        assertEquals(4, chosen("ward"));
        assertEquals(18, chosen("cover-on-clients"));
        assertEquals(30, chosen("budget"));
        assertTrue(chosen("paper") < chosen("unique") && chosen("unique") < chosen("intra-client-only"));
    }

    private int chosen(String way) throws Exception {
        return ofClass(parse(folder.resolve("selection-" + way + ".svg")), "chosen")
                .size();
    }

    @Test
    void marks_ofAnySeed_lieInThePicture() throws Exception {
        draw(folder, "--seed", "7");
        Document picture = parse(folder.resolve("selection-everything.svg"));
        double width = Double.parseDouble(picture.getDocumentElement().getAttribute("width"));
        double height = Double.parseDouble(picture.getDocumentElement().getAttribute("height"));
        NodeList circles = picture.getElementsByTagName("circle");
        assertTrue(circles.getLength() >= 94);
        for (int i = 0; i < circles.getLength(); i++) {
            double x = Double.parseDouble(((Element) circles.item(i)).getAttribute("cx"));
            double y = Double.parseDouble(((Element) circles.item(i)).getAttribute("cy"));
            assertTrue(x > 0 && x < width && y > 0 && y < height, x + ", " + y);
        }
    }

    @Test
    void seed_other_drawsOtherPoints() throws IOException {
        draw(folder.resolve("0"));
        draw(folder.resolve("1"), "--seed", "1");
        for (Path picture : pictures(folder.resolve("0"))) {
            assertFalse(
                    Files.readString(picture)
                            .equals(Files.readString(folder.resolve("1").resolve(picture.getFileName()))),
                    picture.toString());
        }
    }

    @Test
    void out_missing_isRefused() {
        StringWriter told = new StringWriter();
        CommandLine line = new CommandLine(new SelectionPictures()).setErr(new PrintWriter(told));
        assertEquals(2, line.execute());
        assertTrue(told.toString().contains("--out"), told.toString());
    }

    @Test
    void out_isAFile_isToldInOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "kept");
        StringWriter told = new StringWriter();
        CommandLine line = new CommandLine(new SelectionPictures()).setErr(new PrintWriter(told));
        assertEquals(2, line.execute("--out", file.toString()));
        assertTrue(told.toString().startsWith("--out " + file + " is a file, not a folder"), told.toString());
        assertEquals("kept", Files.readString(file));
    }
}
