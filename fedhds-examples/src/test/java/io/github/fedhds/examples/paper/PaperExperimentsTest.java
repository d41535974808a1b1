package io.github.fedhds.examples.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.ProgramRun;
import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.examples.comparison.ResultsFile;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class PaperExperimentsTest {
    private static String run(int status, List<String> arguments) {
        return ProgramRun.of(PaperExperiments.commandLine(), status, arguments);
    }

    private static List<String> arguments(Path folder) throws Exception {
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            String letter = String.valueOf("azAZ5".charAt(i % 5)); // the tasks differ, so that there are clusters
            data.append("{\"prompt\": \"say ")
                    .append(letter.repeat(40 + i % 7))
                    .append("\", \"completion\": \"")
                    .append(letter.repeat(20))
                    .append("\", \"task\": \"t")
                    .append(i % 5)
                    .append("\"}\n");
        }
        Path file = Files.writeString(folder.resolve("data.jsonl"), data);
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        return new ArrayList<>(List.of(
                "--model", model.toString(),
                "--data", file.toString(),
                "--held-out", "t4",
                "--per-task", "40",
                "--unseen-per-task", "1",
                "--clients", "5",
                "--fraction", "1",
                "--rounds", "2",
                "--epochs", "2",
                "--min-cluster-size", "3",
                "--answer-tokens", "2",
                "--seeds", "1",
                "--results", folder.resolve("results.jsonl").toString()));
    }

    @Test
    void call_allExperiments_haveTablesPlotsAndAPage(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        Path page = folder.resolve("page.html");
        arguments.addAll(List.of("--page", page.toString(), "--plots", folder.toString()));
        String text = run(0, arguments);
        String html = Files.readString(page);
        parse(html.replace("<!DOCTYPE html>", ""));
        assertFalse(html.contains("http://") && html.contains("src="), "the page loads nothing");
        for (Question question : Question.values()) {
            assertTrue(text.contains("### " + question.title()), question.title());
            assertTrue(html.contains("<h2>" + question.title()), question.title());
            parse(Files.readString(
                    folder.resolve("experiment-" + question.name().toLowerCase(Locale.ROOT) + ".svg")));
        }
        byte[] results = Files.readAllBytes(folder.resolve("results.jsonl"));
        String again = run(0, arguments);
        assertTrue(Arrays.equals(results, Files.readAllBytes(folder.resolve("results.jsonl"))), "nothing runs twice");
        assertTrue(again.endsWith(text.substring(text.indexOf("\n### "))), again);

        Map<Choice, Outcome> methods = new EnumMap<>(Choice.class);
        for (Outcome outcome : new ResultsFile<>(folder.resolve("results.jsonl"), Outcome.class).read()) {
            if (outcome.arm().equals(new Arm(outcome.arm().choice(), Reduction.TSNE, 3, 1, 0, 0, 1, "dirichlet:0.5"))) {
                methods.put(outcome.arm().choice(), outcome);
            }
        }
        assertEquals(Choice.values().length, methods.size());
        assertTrue(
                Objects.requireNonNull(methods.get(Choice.FEDHDS)).get(Measure.SAMPLES) > 0, "other methods follow it");
        methods.forEach((choice, outcome) -> checkMethod(choice, outcome, methods));
    }

    private static void checkMethod(Choice choice, Outcome outcome, Map<Choice, Outcome> methods) {
        Outcome fedHds = methods.getOrDefault(Choice.FEDHDS, outcome);
        double samples = outcome.get(Measure.SAMPLES);
        switch (choice) {
            case BASE -> assertTrue(Double.isNaN(samples));
            case FULL -> {
                assertEquals(outcome.held(), outcome.samples());
                assertEquals(1, outcome.get(Measure.COVERAGE));
                assertEquals(samples, outcome.get(Measure.STEPS));
            }
            case FULL_EQUAL_STEPS -> // rounded at random for each of five clients
                assertEquals(fedHds.get(Measure.STEPS), outcome.get(Measure.STEPS), 8);
            case RECOMMENDED -> assertEquals(fedHds.samples(), outcome.samples());
            case RANDOM_PER_CLIENT -> assertEquals(fedHds.counts(), outcome.counts());
            case RANDOM, PERPLEXITY, DIFFICULTY ->
                assertEquals(fedHds.get(Measure.SAMPLES), samples, 16, choice.title()); // five clients in two rounds
            case FEDHDS, TURBO, INTRA -> {
                assertTrue(outcome.get(Measure.NOISE_SHARE) <= 1);
                assertTrue(outcome.get(Measure.CALINSKI_HARABASZ) > 0);
                assertEquals(2 * samples, outcome.get(Measure.STEPS));
            }
            case INTER ->
                assertTrue(outcome.get(Measure.GROUPS) > fedHds.get(Measure.GROUPS), "each sample is a group");
        }
    }

    private static void parse(String xml) throws Exception {
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    @Test
    void call_withoutNoise_isAsInOtherExperiments(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--experiments", "noise"));
        run(0, arguments);
        List<Outcome> outcomes = new ResultsFile<>(folder.resolve("results.jsonl"), Outcome.class).read();
        assertEquals(Question.NOISE.rows(outcomes.get(0).arm()).size(), outcomes.size());
        for (Outcome outcome : outcomes) {
            boolean exact = outcome.arm().noise() == 0;
            assertEquals(
                    exact,
                    Double.isNaN(outcome.get(Measure.SAME_CHOICE)),
                    outcome.arm().toString());
        }
        run(0, arguments);
        assertEquals(outcomes, new ResultsFile<>(folder.resolve("results.jsonl"), Outcome.class).read());
    }

    @Test
    void call_wrongOptions_areNamedBeforeAnyWork(@TempDir Path folder) throws Exception {
        List<List<String>> wrong = List.of(
                List.of("--partition", "dirichlet"),
                List.of("--fraction", "0"),
                List.of("--rounds", "0"),
                List.of("--min-cluster-size", "1"),
                List.of("--rate", "-1"),
                List.of("--plots", folder.resolve("nowhere").toString()),
                List.of("--results", folder.resolve("nowhere/results.jsonl").toString()));
        for (List<String> options : wrong) {
            List<String> arguments = new ArrayList<>(
                    List.of("--results", folder.resolve("r.jsonl").toString()));
            if (options.contains("--results")) {
                arguments.clear();
            }
            arguments.addAll(options);
            assertTrue(run(2, arguments).contains(options.get(0) + " must be"), options.toString());
        }
        assertTrue(run(2, List.of("--results", folder.resolve("r.jsonl").toString(), "--model", "m"))
                .contains("--model and --data belong together"));
        assertFalse(Files.exists(folder.resolve("r.jsonl")));
    }
}
