package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages of src/site: links and anchors lead somewhere, the menu has all pages, code is that of the sources, and tests run it. */
class SitePagesTest {
    private static final Path ROOT = root();

    /** The tests run in the module's folder under Maven, elsewhere perhaps in the project's. */
    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("README.md")) ? here : Objects.requireNonNull(here.getParent());
    }

    /** Texts of the pages by name, without the ending. */
    private static Map<String, String> pages() throws IOException {
        Map<String, String> pages = new TreeMap<>();
        for (Path file : files("src/site/markdown", ".md")) {
            String name = String.valueOf(file.getFileName());
            pages.put(name.substring(0, name.length() - ".md".length()), Files.readString(file));
        }
        assertFalse(pages.isEmpty());
        return pages;
    }

    private static List<Path> files(String folder, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(ending)).toList();
        }
    }

    private static List<String> matches(String regex, String text) {
        return Pattern.compile(regex)
                .matcher(text)
                .results()
                .map(result -> result.group(1))
                .toList();
    }

    private static String withoutCode(String page) {
        return page.replaceAll("(?s)```.*?```", "");
    }

    /** The anchors that Maven's site gives to the headings. */
    private static TreeSet<String> anchors(String page) {
        TreeSet<String> anchors = new TreeSet<>();
        for (String heading : matches("(?m)^#+ (.*)$", withoutCode(page))) {
            StringBuilder anchor = new StringBuilder();
            for (byte b : heading.replace("`", "").strip().getBytes(StandardCharsets.UTF_8)) {
                char c = (char) (b & 0xff);
                boolean kept = c < 128 && (Character.isLetterOrDigit(c) || "-_:.".indexOf(c) >= 0);
                anchor.append(c == ' ' ? "_" : kept ? String.valueOf(c) : String.format(".%02X", b));
            }
            boolean letter = anchor.length() > 0 && Character.isLetter(anchor.charAt(0));
            anchors.add(letter ? anchor.toString() : "a" + anchor);
        }
        return anchors;
    }

    @Test
    void links_leadToPagesAnchorsAndFiles() throws IOException {
        Map<String, String> pages = pages();
        List<String> broken = new ArrayList<>();
        pages.forEach((name, page) -> {
            for (String target : matches("\\]\\(([^)\\s]+)\\)", withoutCode(page))) {
                if (!target.startsWith("http") && !leads(target, name, pages)) {
                    broken.add(name + ": " + target);
                }
            }
        });
        assertEquals(List.of(), broken);
    }

    private static boolean leads(String target, String from, Map<String, String> pages) {
        Matcher page = Pattern.compile("(?:([a-z-]+)\\.html)?(?:#(.+))?").matcher(target);
        if (!page.matches()) {
            boolean generated = target.startsWith("apidocs/");
            return generated || Files.exists(ROOT.resolve("src/site/resources").resolve(target));
        }
        String text = pages.get(page.group(1) == null ? from : page.group(1));
        return text != null && (page.group(2) == null || anchors(text).contains(page.group(2)));
    }

    @Test
    void menuAndOverview_nameEveryPage() throws IOException {
        Map<String, String> pages = pages();
        TreeSet<String> all = new TreeSet<>(pages.keySet());
        String menu = Files.readString(ROOT.resolve("src/site/site.xml"));
        assertEquals(all, new TreeSet<>(matches("href=\"([a-z-]+)\\.html\"", menu)), "src/site/site.xml");
        all.remove("index");
        String index = Objects.requireNonNull(pages.get("index"));
        assertEquals(all, new TreeSet<>(matches("\\]\\(([a-z-]+)\\.html\\)", index)), "src/site/markdown/index.md");
    }

    @ParameterizedTest
    @ValueSource(strings = {"applications", "extending", "getting-started"})
    void code_isThatOfTheSources(String page) throws IOException {
        String sources = Stream.concat(
                        files("fedhds-examples/src", ".java").stream(),
                        files("fedhds-consumer-test/src", ".java").stream())
                .map(SitePagesTest::read)
                .collect(Collectors.joining("\n"));
        List<String> blocks = matches("(?s)```java\n(.*?)```", Objects.requireNonNull(pages().get(page)));
        assertFalse(blocks.isEmpty());
        assertEquals(
                List.of(),
                blocks.stream().filter(block -> !sources.contains(block)).toList());
    }

    /** Messages in the first column of a table; … and FILE stand for what changes. Those of Java and picocli are left out. */
    @Test
    void troubleshooting_quotesMessagesThatTheProgramsHave() throws IOException {
        String sources = Stream.of("fedhds-api/src/main", "fedhds-impl/src/main", "fedhds-examples/src/main")
                .flatMap(folder -> {
                    try {
                        return files(folder, ".java").stream();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .map(SitePagesTest::read)
                .collect(Collectors.joining("\n"))
                .replaceAll("\"\\s*\\+\\s*\"", ""); // texts that are split over lines
        List<String> parts =
                matches("(?m)^\\| (`[^|]*`[^|]*) \\|", Objects.requireNonNull(pages().get("troubleshooting"))).stream()
                        .flatMap(cell -> matches("`([^`]+)`", cell).stream())
                        .filter(message -> !message.matches("(java\\.|Unknown options|Possible solutions).*"))
                        .flatMap(message -> Stream.of(message.split("…|FILE|: |; (is )?| cannot be loaded", -1)))
                        .map(String::strip)
                        .filter(part -> part.length() >= 12)
                        .toList();
        assertFalse(parts.size() < 25, () -> "parts of messages: " + parts);
        assertEquals(
                List.of(),
                parts.stream().filter(part -> !sources.contains(part)).toList());
    }

    @Test
    void programs_areEachUsedInATest() throws IOException {
        String tests = files("fedhds-examples/src/test", ".java").stream()
                .map(SitePagesTest::read)
                .collect(Collectors.joining("\n"));
        List<String> programs = files("fedhds-examples/src/main", ".java").stream()
                .filter(file -> read(file).contains("static void main("))
                .map(file -> String.valueOf(file.getFileName()).replace(".java", ""))
                .toList();
        assertFalse(programs.size() < 20, () -> "programs: " + programs);
        List<String> untested = programs.stream()
                .filter(name -> !Pattern.compile("(\\b|new )" + name + "(\\.|::|\\()")
                        .matcher(tests)
                        .find())
                .toList();
        assertEquals(List.of(), untested);
    }

    @Test
    void consumerTest_hasTheExampleOfReadme() throws IOException {
        String example = matches("(?s)```java\n(.*?)```", read(ROOT.resolve("README.md")))
                .get(0);
        assertEquals(example, read(ROOT.resolve("fedhds-consumer-test/src/it/host/src/main/java/Example.java")));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
