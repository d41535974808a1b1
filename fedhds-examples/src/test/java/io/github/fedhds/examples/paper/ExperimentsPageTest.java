package io.github.fedhds.examples.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.comparison.ResultsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page's tables and plots are those of the results files. */
class ExperimentsPageTest {
    private static final Path ROOT = root();

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("fedhds-examples")) ? here : Objects.requireNonNull(here.getParent());
    }

    private static void check(String name) throws IOException {
        Path site = ROOT.resolve("src/site");
        String page = Files.readString(site.resolve("markdown/experiments.md"));
        List<Outcome> outcomes =
                new ResultsFile<>(site.resolve("resources/data/experiments-" + name + ".jsonl"), Outcome.class).read();
        List<Map<String, String>> settings =
                outcomes.stream().map(Outcome::settings).distinct().toList();
        assertEquals(1, settings.size(), "a file holds the results of one command");
        Arm base = outcomes.stream()
                .map(Outcome::arm)
                .filter(arm -> arm.choice() == Choice.TURBO)
                .findFirst()
                .orElseThrow()
                .withChoice(Choice.FEDHDS);
        for (Question question : Question.values()) {
            Answer answer = new Answer(question, base, outcomes);
            assertTrue(page.contains(answer.markdown()), () -> question + " should be\n" + answer.markdown());
            String plot = "experiment-" + name + "-" + question.name().toLowerCase(Locale.ROOT) + ".svg";
            assertTrue(page.contains("](images/" + plot + ")"), plot);
            assertEquals(Files.readString(site.resolve("resources/images/" + plot)), answer.svg(), plot);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"embedded", "smollm2-p3", "stories260k"})
    void page_showsTheResultsOfEachModel(String name) throws IOException {
        check(name);
    }
}
