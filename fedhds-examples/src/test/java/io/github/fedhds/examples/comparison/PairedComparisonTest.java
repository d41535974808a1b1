package io.github.fedhds.examples.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.ProgramRun;
import io.github.fedhds.examples.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PairedComparisonTest {
    private static String run(int status, List<String> arguments) {
        return ProgramRun.of(PairedComparison.commandLine(), status, arguments);
    }

    private static List<String> arguments(Path folder) throws Exception {
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < 80; i++) {
            data.append("{\"prompt\": \"say ")
                    .append(i)
                    .append("\", \"completion\": \" ")
                    .append(i % 8 == 6 ? "ok " + i : "ok")
                    .append("<|endoftext|>\", \"task\": \"t")
                    .append(i % 8)
                    .append("\"}\n");
        }
        Path file = Files.writeString(folder.resolve("data.jsonl"), data);
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        return new ArrayList<>(List.of(
                "--model", model.toString(),
                "--data", file.toString(),
                "--held-out", "t7,t6",
                "--leave-out", "t5",
                "--per-task", "8",
                "--unseen-per-task", "2",
                "--alpha", "5",
                "--clients", "3",
                "--fraction", "1",
                "--rounds", "2",
                "--share", "0.2",
                "--answer-tokens", "2",
                "--seeds", "1,2",
                "--epochs", "1",
                "--cache", folder.resolve("cache").toString(),
                "--results", folder.resolve("results.jsonl").toString()));
    }

    /** Results with noise are told apart from those without, and equal seeds give equal results. */
    @Test
    void call_withNoise_isASettingOfItsOwn(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--methods", "UNIT_LENGTH", "--epsilon", "1000"));
        for (String place : List.of("CENTROIDS", "UPDATES", "BOTH")) {
            List<String> one = new ArrayList<>(arguments);
            one.addAll(List.of("--noise", place, "--clip", "2"));
            assertTrue(run(0, one).contains("recommended, layers of unit length"), place);
        }
        List<String> sum = arguments(folder);
        sum.addAll(List.of("--methods", "FULL,RANDOM", "--epsilon", "1000", "--noise", "SUM"));
        run(0, sum);
        List<Trial> trials = Trial.read(folder.resolve("results.jsonl"));
        assertEquals(4, trials.stream().map(Trial::settings).distinct().count());
        assertTrue(trials.stream().allMatch(trial -> trial.settings().containsKey("epsilon")));
        Path again = folder.resolve("again.jsonl");
        arguments.addAll(List.of("--noise", "BOTH", "--clip", "2", "--results", again.toString()));
        arguments.remove(arguments.indexOf("--results") + 1);
        arguments.remove("--results");
        run(0, arguments);
        for (Trial trial : Trial.read(again)) {
            Trial before = trials.stream()
                    .filter(other -> other.key().equals(trial.key()))
                    .findFirst()
                    .orElseThrow();
            assertEquals(before.loss(), trial.loss());
        }
    }

    @Test
    void call_everyMethod_isPairedAndNotRepeated(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(
                "--methods",
                String.join(
                        ",", Arrays.stream(Method.values()).map(Method::name).toList())));
        String text = run(0, all);
        Path results = folder.resolve("results.jsonl");
        List<Trial> trials = Trial.read(results);
        assertEquals(1 + 2 * Method.values().length, trials.size());
        assertTrue(text.startsWith("40 instructions of 5 tasks, 4 unseen instructions"), text);
        for (Trial trial : trials) {
            if (!trial.method().equals("BASE")) {
                assertEquals(80, trial.held());
                assertTrue(
                        trial.samples() > 0 || List.of("PAPER", "DIFFICULTY").contains(trial.method()),
                        trial::toString);
                assertTrue(trial.tasks() <= 5);
                assertEquals(2, trial.byTask().size());
            }
        }
        assertEquals(
                List.of(80L, 80L),
                trials.stream()
                        .filter(trial -> trial.method().equals("FULL"))
                        .map(Trial::samples)
                        .toList());
        assertTrue(text.contains("| recommended | random | 2 | "), text);

        String before = Files.readString(results);
        String again = run(0, all);
        assertEquals(before, Files.readString(results));
        assertFalse(again.contains("seed 1"), again);
        assertEquals(table(text), table(again));
        all.add("--table-only");
        assertEquals(table(text), table(run(0, all)));
        all.addAll(List.of("--seeds", "3"));
        assertEquals(table(text), table(run(0, all)));
    }

    private static String table(String text) {
        return text.substring(text.indexOf("| method |"));
    }

    @Test
    void call_killedWhileWriting_repeatsOnlyTheLastRun(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--methods", "random", "--seeds", "1,2"));
        run(0, arguments);
        Path results = folder.resolve("results.jsonl");
        List<Trial> whole = Trial.read(results);
        String text = Files.readString(results);
        Files.writeString(results, text.substring(0, text.length() - 9));
        run(0, arguments);
        List<Trial> repeated = Trial.read(results);
        assertEquals(whole.subList(0, 2), repeated.subList(0, 2));
        assertEquals(whole.get(2).rougeL(), repeated.get(2).rougeL());
        assertEquals(whole.get(2).samples(), repeated.get(2).samples());
    }

    @Test
    void read_wholeLastLineWithoutItsEnd_isKeptAndTheFileIsNotChanged(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--methods", "random", "--choose-only"));
        run(0, arguments);
        Path results = folder.resolve("results.jsonl");
        List<Trial> trials = Trial.read(results);
        String text = Files.readString(results);
        Files.writeString(results, text.stripTrailing());
        assertEquals(trials, Trial.read(results));
        assertEquals(text.stripTrailing(), Files.readString(results));
        trials.get(0).append(results);
        assertEquals(3, Trial.read(results).size());
        Files.writeString(results, text.substring(0, text.length() - 9));
        assertEquals(1, Trial.read(results).size());
        assertEquals(text.length() - 9, Files.size(results));
        trials.get(1).append(results);
        assertEquals(text, Files.readString(results));
    }

    @Test
    void call_noAdapterAccepted_isAnErrorAndNoResult(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--methods", "random", "--rates", "1e30"));
        String text = run(1, arguments);
        assertTrue(text.contains("RANDOM with seed 1 and rate 1.0E30"), text);
        assertEquals(1, Trial.read(folder.resolve("results.jsonl")).size());
    }

    @Test
    void call_chooseOnly_trainsNothingAndFindsTheSameTasks(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder);
        arguments.addAll(List.of("--methods", "recommended,random"));
        run(0, arguments);
        arguments.add("--choose-only");
        String text = run(0, arguments);
        Path results = folder.resolve("results.jsonl");
        List<Trial> trials = Trial.read(results);
        assertEquals(5 + 4, trials.size());
        for (int i = 1; i <= 4; i++) {
            Trial trained = trials.get(i);
            Trial chosen = trials.get(i + 4);
            assertEquals(trained.method(), chosen.method());
            assertEquals(trained.chosen(), chosen.chosen());
            assertEquals(trained.novelSum(), chosen.novelSum());
            assertTrue(trained.isTrained() && !chosen.isTrained());
        }
        assertTrue(text.contains("| recommended | default | 1 | 2 | - | - | "), text);
        assertFalse(text.contains("| less |"), text);
    }

    @Test
    void call_openAnswers_evaluatesNoTaskWithLabels(@TempDir Path folder) throws Exception {
        List<String> arguments = arguments(folder); // t7 has one answer only
        arguments.addAll(List.of("--methods", "random", "--choose-only"));
        run(0, arguments);
        arguments.add("--open-answers");
        String text = run(0, arguments);
        assertTrue(text.startsWith("40 instructions of 5 tasks, 2 unseen instructions"), text);
        List<Trial> trials = Trial.read(folder.resolve("results.jsonl"));
        assertEquals(4, trials.size(), "results with another evaluation are not taken for these");
        assertEquals(trials.get(0).chosen(), trials.get(2).chosen());
        arguments.set(arguments.indexOf("t7,t6"), "t7");
        String none = run(1, arguments);
        assertTrue(none.contains("0 instructions for the evaluation"), none);
        assertTrue(none.contains("--open-answers"), none);
    }

    @Test
    void call_wrongOptions_areNamed(@TempDir Path folder) throws Exception {
        assertTrue(run(2, List.of("--results", "x", "--model", "x")).contains("--model and --data belong together"));
        List<String> arguments = arguments(folder);
        Files.writeString(folder.resolve("results.jsonl"), "{}x\n{}\n");
        String damaged = run(1, arguments);
        assertTrue(damaged.contains("line 1 is no result"), damaged);
        for (String notes : List.of("my notes", "{}", "\n", "{\"notes\": 1}")) {
            Files.writeString(folder.resolve("results.jsonl"), notes);
            String error = run(1, arguments);
            assertTrue(error.contains("results.jsonl: line 1 is no result of this program"), error);
            assertEquals(notes, Files.readString(folder.resolve("results.jsonl")));
        }
        Files.delete(folder.resolve("results.jsonl"));
        List<String> wrong = List.of(
                "--share=0",
                "--share=NaN",
                "--rates=-1",
                "--rates=NaN",
                "--epochs=-2",
                "--per-task=0",
                "--unseen-per-task=-1",
                "--longest=0",
                "--samples-per-group=0",
                "--answer-tokens=0",
                "--results=" + folder.resolve("missing/results.jsonl"),
                "--results=" + folder);
        for (String option : wrong) {
            List<String> with = new ArrayList<>(arguments);
            int place = with.indexOf(option.substring(0, option.indexOf('=')));
            if (place >= 0) {
                with.subList(place, place + 2).clear();
            }
            with.add(option);
            String error = run(2, with);
            assertTrue(error.contains(option.substring(0, option.indexOf('=')) + " must be "), error);
        }
        arguments.addAll(List.of("--longest", "3"));
        String tooShort = run(1, arguments);
        assertTrue(tooShort.contains("look at --held-out, --per-task, --longest"), tooShort);
    }
}
