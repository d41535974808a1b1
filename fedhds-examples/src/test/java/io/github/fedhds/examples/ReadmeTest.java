package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.examples.cli.Main;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;

/**
 * What README.md shows is true: its Java compiles and runs, its dependencies are this build's, its links lead somewhere. The
 * host on the page of resumed runs compiles and runs too.
 */
class ReadmeTest {
    private static final Path ROOT = root();

    @TempDir
    private Path folder = Path.of("");

    /** The tests run in the module's folder under Maven, elsewhere perhaps in the project's. */
    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("README.md")) ? here : Objects.requireNonNull(here.getParent());
    }

    private static List<String> blocks(String page, String language) throws IOException {
        Matcher matcher =
                Pattern.compile("(?s)```" + language + "\n(.*?)```").matcher(Files.readString(ROOT.resolve(page)));
        return matcher.results().map(result -> result.group(1)).toList();
    }

    /** Compiles a block that is a whole class. */
    private void compile(String name, String block) throws IOException {
        Path source = Files.writeString(folder.resolve(name + ".java"), block);
        int errors = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-cp", System.getProperty("java.class.path"), source.toString());
        assertEquals(0, errors, name + " does not compile");
    }

    @Test
    void javaBlock_compiledAndRun_trainsARound() throws Exception {
        compile("Example", blocks("README.md", "java").get(0));
        TinyModel.write(folder);

        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Method oneRound = loader.loadClass("Example").getDeclaredMethod("oneRound", Path.class, Map.class);
            oneRound.setAccessible(true);
            RoundResult result = (RoundResult) Objects.requireNonNull(oneRound.invoke(null, folder, data()));
            assertEquals(8, result.reports());
            assertTrue(result.centroids() >= 8, () -> "too few centroids: " + result);
            assertFalse(result.isEmpty(), () -> "nothing was trained: " + result);
            assertTrue(result.samples() <= result.chosen() && Double.isFinite(result.meanLoss()), result::toString);
            Method main = loader.loadClass("Example").getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            assertTrue(
                    printed(() -> main.invoke(null, (Object) new String[] {folder.toString()}))
                            .contains("trained on 2 samples"),
                    "the page says that its own data give 2 samples");
        }
    }

    /** What a program prints. */
    private static String printed(Callable<?> program) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.call();
        } finally {
            System.setOut(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void resumePage_hostRunTwice_goesOnFromItsFolder() throws Exception {
        String host = blocks("src/site/markdown/resume.md", "java").stream()
                .filter(block -> block.contains("class Host "))
                .findFirst()
                .orElseThrow();
        compile("Host", host);
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            Method run = loader.loadClass("Host")
                    .getDeclaredMethod("run", FedHdsServerBuilder.class, Path.class, int.class, Consumer.class);
            run.setAccessible(true);
            List<Integer> opened = new ArrayList<>();
            TreeSet<String> runs = new TreeSet<>();
            Consumer<FedHdsServer> emptyRound = server -> {
                opened.add(server.open().round());
                runs.add(server.runId());
                if (opened.size() == 1) {
                    throw new IllegalStateException("killed in round 1");
                }
                server.select();
                server.aggregate();
            };
            Path store = folder.resolve("store");
            assertThrows(InvocationTargetException.class, () -> run.invoke(null, server(), store, 2, emptyRound));
            run.invoke(null, server(), store, 2, emptyRound);
            FedHdsServer resumed =
                    (FedHdsServer) Objects.requireNonNull(run.invoke(null, server(), store, 3, emptyRound));
            assertEquals(List.of(1, 1, 2, 3), opened);
            assertEquals(1, runs.size(), "a server that is started again has the run id of the dead one");
            assertEquals(3, resumed.state().round());
        }
    }

    private static FedHdsServerBuilder server() {
        return FedHdsServer.builder()
                .clients(List.of(new ClientId("a")))
                .selector(new EverySelector())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(Adapter.empty());
    }

    /** Eight clients of four tasks each, whose texts look apart even to a model of random weights. */
    private static Map<ClientId, List<Instruction>> data() {
        Map<ClientId, List<Instruction>> data = new LinkedHashMap<>();
        for (int client = 0; client < 8; client++) {
            List<Instruction> rows = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String[] tasks = {"add", "spell", "NEGATE", "9-digit"};
                String letter = String.valueOf("aZ7#".charAt(i % 4));
                String input = (i + 40 * client) + " and " + letter.repeat(3);
                rows.add(new Instruction(tasks[i % 4], input, letter.repeat(6)));
            }
            data.put(new ClientId("client-" + client), rows);
        }
        return data;
    }

    /** The page shows pieces of the example, and says how long it is. */
    @Test
    void transportPage_showsTheExampleAsItIs() throws IOException {
        String source = Files.readString(
                ROOT.resolve("fedhds-examples/src/main/java/io/github/fedhds/examples/SocketFederation.java"));
        List<String> blocks = blocks("src/site/markdown/transport.md", "java");
        assertEquals(4, blocks.size());
        blocks.forEach(block -> assertTrue(source.contains(block), block));
        assertTrue(source.lines().count() <= 160, "the page says 160 lines");
    }

    @Test
    void dependencyBlocks_nameThisBuild() throws Exception {
        Element parent = parse(Files.readString(ROOT.resolve("pom.xml"))).getDocumentElement();
        Document impl = parse(Files.readString(ROOT.resolve("fedhds-impl/pom.xml")));
        List<String> blocks = blocks("README.md", "xml");
        assertEquals(2, blocks.size());
        for (String block : blocks) {
            Element dependency = parse(block).getDocumentElement();
            assertEquals(child(parent, "groupId"), child(dependency, "groupId"));
            assertEquals(child(impl.getDocumentElement(), "artifactId"), child(dependency, "artifactId"));
            assertEquals(child(parent, "version"), child(dependency, "version"));
        }
        assertEquals(
                artifacts(impl, "dependency", "io.github.elki-project"),
                artifacts(parse(blocks.get(1)), "exclusion", "io.github.elki-project"),
                "excluding ELKI means to exclude what the module takes of it");
    }

    private static TreeSet<String> artifacts(Document document, String tag, String group) {
        TreeSet<String> names = new TreeSet<>();
        for (int i = 0; i < document.getElementsByTagName(tag).getLength(); i++) {
            Element element = (Element) document.getElementsByTagName(tag).item(i);
            if (child(element, "groupId").equals(group)) {
                names.add(child(element, "artifactId"));
            }
        }
        return names;
    }

    private static Document parse(String xml) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    private static String child(Element element, String name) {
        for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return node.getTextContent();
            }
        }
        throw new AssertionError(element.getNodeName() + " has no " + name);
    }

    @Test
    void clustering_withoutElkiOnTheClassPath_givesEqualClusters() throws Exception {
        List<String> entries =
                Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator));
        List<String> rest = entries.stream()
                .filter(entry -> !entry.contains("elki-project"))
                .toList();
        assertNotEquals(entries, rest);
        assertEquals(clusters(entries), clusters(rest));
    }

    /** The selector's answer on fixed points, from classes loaded afresh. */
    private static String clusters(List<String> classPath) throws Exception {
        URL[] urls = new URL[classPath.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = Path.of(classPath.get(i)).toUri().toURL();
        }
        try (URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            Method answer = loader.loadClass(Clusters.class.getName()).getDeclaredMethod("answer");
            answer.setAccessible(true);
            return (String) Objects.requireNonNull(answer.invoke(null));
        }
    }

    @Test
    void optionTable_namesTheMainJobsOptions() throws IOException {
        Matcher option = Pattern.compile("--[a-z-]+")
                .matcher(Files.readAllLines(ROOT.resolve("README.md")).stream()
                        .filter(line -> line.startsWith("| `--"))
                        .collect(Collectors.joining("\n")));
        TreeSet<String> told = new TreeSet<>();
        option.results().forEach(result -> told.add(result.group()));
        TreeSet<String> known = new TreeSet<>(
                Objects.requireNonNull(Main.commandLine().getSubcommands().get("run"))
                        .getCommandSpec()
                        .optionsMap()
                        .keySet());
        known.removeAll(List.of("-h", "--help", "-V", "--version"));
        assertEquals(known, told);
    }

    @Test
    void links_leadToFiles() throws IOException {
        for (String name : List.of("README.md", "CHANGELOG.md", "CONTRIBUTING.md")) {
            Matcher link = Pattern.compile("]\\(([^)#]+)\\)").matcher(Files.readString(ROOT.resolve(name)));
            List<String> broken = link.results()
                    .map(result -> result.group(1))
                    .filter(target -> !target.startsWith("http") && !Files.exists(ROOT.resolve(target)))
                    .toList();
            assertEquals(List.of(), broken, name);
        }
        assertTrue(Stream.of("LICENSE", "NOTICE").allMatch(name -> Files.exists(ROOT.resolve(name))));
    }
}
