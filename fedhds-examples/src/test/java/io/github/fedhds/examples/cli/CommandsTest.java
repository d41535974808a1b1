package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.examples.Programs;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.peft.GgufAdapter;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Command;

/** The commands, how an unknown one is told, and options from a file. */
class CommandsTest extends OnMainJob {
    @Test
    void help_namesEachCommandAndEachExitStatus() {
        Outcome outcome = execute("--help");
        assertEquals(0, outcome.status());
        List<String> all = new ArrayList<>(Main.commandLine().getSubcommands().keySet());
        assertTrue(all.containsAll(List.of("run", "compare", "merge", "export", "doctor", "help")), all.toString());
        all.addAll(List.of("0 ", "1 ", "2 ", "3 ", "130 "));
        all.forEach(word -> assertTrue(outcome.out().contains("  " + word), word));
        for (String command : Main.commandLine().getSubcommands().keySet()) {
            assertTrue(execute(command, "--help").out().contains("fedhds " + command), command);
        }
        assertTrue(execute("--version").out().matches("fedhds [0-9].*\\s+DJL [0-9].*, PyTorch [0-9].*\\s+"));
        assertEquals(execute("--version").out(), execute("run", "--version").out());
    }

    @Test
    void helpOfRun_hasOptionsUnderHeadings() {
        String help = execute("help", "run").out();
        assertEquals(
                List.of(
                        "Model and data:",
                        "Rounds:",
                        "Selection:",
                        "Training:",
                        "Evaluation:",
                        "Privacy:",
                        "Machine:",
                        "Others:"),
                help.lines().filter(line -> line.matches("[A-Z][a-z ]+:")).toList(),
                help);
        for (String option : runOptions()) {
            long lines = help.lines()
                    .filter(line -> line.matches(" {2,6}(-., )?" + option + "([=, ].*|)"))
                    .count();
            assertTrue(option.length() == 2 || lines == 1, option + ": " + lines);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rnu, did you mean run?",
        "merg, did you mean merge?",
        "zzzzzzzz, Unknown command",
        "--modle, did you mean --model?",
        "--round=3, did you mean --rounds?",
        "--qqqqqqqqqqq, Unknown option",
    })
    void unknownName_isToldWithTheNearestOneInTwoLines(String name, String told) {
        Outcome outcome = execute(name);
        assertEquals(2, outcome.status());
        assertTrue(outcome.err().contains(told), outcome.err());
        assertEquals(told.contains("did you mean"), outcome.err().contains("did you mean"), outcome.err());
        assertEquals(2, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().contains("fedhds help"), outcome.err());
    }

    @Command(name = "spent")
    private static final class Spent implements java.util.concurrent.Callable<Integer> {
        @Override
        public Integer call() {
            throw new BudgetSpentException("the budget of client a is spent");
        }
    }

    @Test
    void spentBudget_hasTheStatusOfNothingTrained() {
        StringWriter err = new StringWriter();
        int status =
                Programs.commandLine(new Spent()).setErr(new PrintWriter(err)).execute();
        assertEquals(ExitStatus.NOTHING_TRAINED, status);
        assertTrue(err.toString().contains("the budget of client a is spent"), err.toString());
    }

    private Outcome configured(String json, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("options.json"), json);
        List<String> all = new ArrayList<>(List.of("run", "--config", file.toString()));
        all.addAll(List.of(more));
        return execute(all.toArray(new String[0]));
    }

    @Test
    void config_badFile_isToldWithStatus2() throws IOException {
        Map<String, String> wrong = Map.of(
                "", "must hold one JSON object",
                "[]", "must hold one JSON object",
                "{\"rounds\": 1", "must hold one JSON object",
                "{\"rounds\": 1} {}", "it is not JSON at line 1 column 16",
                "{\"rounds\": 1, \"rounds\": 2}", "\"rounds\" is there twice",
                "{\"rounds\": null}", "\"rounds\" must be a text",
                "{\"rounds\": {}}", "\"rounds\" must be a text",
                "{\"ruonds\": 1}", "has no option \"ruonds\"; did you mean --rounds?",
                "{\"config\": \"x\"}", "has no option \"config\"",
                "{\"packed\": 1}", "\"packed\" must be true or false");
        for (Map.Entry<String, String> one : wrong.entrySet()) {
            Outcome outcome = configured(one.getKey());
            assertEquals(2, outcome.status(), one.getKey());
            assertTrue(outcome.err().contains(one.getValue()), one.getKey() + ": " + outcome.err());
        }
        Outcome value = configured("{\"rounds\": \"many\"}");
        assertTrue(value.status() == 2 && value.err().contains("--rounds"), value.err());
        assertTrue(value.err().contains("(with the options of " + folder.resolve("options.json")), value.err());
        Outcome missing = execute("--config", folder.resolve("nowhere.json").toString());
        assertTrue(missing.status() == 2 && missing.err().contains("there is no such file"), missing.err());
    }

    @Test
    void config_optionOnTheCommandLine_replacesThatOfTheFile() throws IOException {
        Outcome file = configured("{\"rounds\": 0}");
        assertTrue(file.err().contains("--rounds must be 1 to 1000000, was 0"), file.err());
        Outcome line = configured("{\"rounds\": 5, \"resume\": false}", "--rounds=-2");
        assertTrue(line.err().contains("was -2"), line.err());
    }

    /** The folder's config.json is a file of options that gives the same run again. */
    @Test
    void config_ofARun_repeatsIt() throws IOException {
        Path first = folder.resolve("first");
        assertEquals(
                0,
                own(first, "--selection", "random", "--target-modules", "q_proj,v_proj")
                        .status());
        JsonObject config = JsonParser.parseString(Files.readString(first.resolve("config.json")))
                .getAsJsonObject();
        assertFalse(config.getAsJsonObject("options").has("out"));
        assertEquals(
                shared.resolve("data.jsonl").toAbsolutePath().toString(),
                config.getAsJsonObject("options").get("data").getAsString());
        Path beside = Files.writeString(folder.resolve("beside.json"), "{\"options\": {\"seed\": 1}, \"rounds\": 3}");
        Outcome other = execute("--config", beside.toString());
        assertEquals(2, other.status());
        assertTrue(other.err().contains("\"rounds\" does not stand in \"options\""), other.err());
        Path second = folder.resolve("second");
        Outcome again = execute(
                "--config", first.resolve("config.json").toString(), "--out", second.toString(), "--parallel", "1");
        assertEquals(0, again.status(), again.err());
        assertArrayEquals(weights(first), weights(second));
    }

    @Test
    void compare_onOwnData_hasARowForEachSelection_alsoAfterAResume() throws IOException {
        Path out = folder.resolve("out");
        String[] compare = {
            "compare",
            "--model",
            shared.resolve("model").toString(),
            "--data",
            shared.resolve("data.jsonl").toString(),
            "--out",
            out.toString(),
            "--answer-tokens",
            "2",
            "--evaluate-limit",
            "2",
            "--samples-per-group",
            "2",
            "--rounds",
            "1"
        };
        Outcome outcome = execute(compare);
        assertTrue(outcome.status() == 0 || outcome.status() == 3, outcome.err());
        List<String> rows = rows(outcome);
        assertEquals(
                List.of("base model", "recommended", "FedHDS (paper)", "random choice", "full data (FedIT)"),
                rows.stream().map(line -> line.substring(0, 18).strip()).toList(),
                outcome.out());
        assertTrue(outcome.out().contains("100.00 %"), outcome.out());
        String index = Files.readString(out.resolve("index.html"));
        for (String run : List.of("recommended", "fedhds", "random", "full")) {
            assertTrue(index.contains("href=\"" + run + "/report.html\""), index);
            assertTrue(Files.exists(out.resolve(run).resolve("rounds.jsonl")), run);
        }
        Path again = folder.resolve("again");
        String config = out.resolve("random/config.json").toString();
        Outcome repeated = execute("--config", config, "--out", again.toString());
        assertEquals(0, repeated.status(), repeated.err());
        assertArrayEquals(weights(out.resolve("random")), weights(again), "its config.json repeats a row");
        Outcome resumed = execute(with(compare, "--resume"));
        assertEquals(rows, rows(resumed), resumed.out());
        Outcome wrong = execute("compare", "--model", "m", "--selection", "full");
        assertTrue(wrong.status() == 2 && wrong.err().contains("--selection does not suit"), wrong.err());
    }

    private static List<String> rows(Outcome outcome) {
        return outcome.out()
                .lines()
                .dropWhile(line -> !line.startsWith("   ") || !line.contains("Rouge-L"))
                .skip(1)
                .limit(5)
                .toList();
    }

    @Test
    void export_toGgufAndBack_keepsTheAdapter() throws IOException {
        Path out = folder.resolve("out");
        assertEquals(0, own(out, "--selection", "random").status());
        Path file = folder.resolve("adapter.gguf");
        Outcome outcome = execute(
                "export",
                shared.resolve("model").toString(),
                out.resolve("adapter").toString(),
                file.toString());
        assertEquals(0, outcome.status(), outcome.err());
        PeftFolder peft = PeftFolder.read(out.resolve("adapter"));
        DecoderConfig base = DecoderConfig.read(shared.resolve("model"));
        assertEquals(peft.adapter(), GgufAdapter.read(file, base).adapter());
        assertTrue(outcome.out().startsWith("wrote " + file), outcome.out());
        Path back = folder.resolve("back");
        String[] here = {"export", shared.resolve("model").toString()};
        assertEquals(0, execute(with(here, file.toString(), back.toString())).status());
        assertEquals(peft.adapter(), PeftFolder.read(back).adapter());
        Outcome there = execute(with(here, out.resolve("adapter").toString(), file.toString()));
        assertTrue(there.status() == 1 && there.err().contains("adapter.gguf exists"), there.err());
        Outcome neither =
                execute(with(here, back.toString(), folder.resolve("other").toString()));
        assertTrue(neither.status() == 1 && neither.err().contains("ends with .gguf"), neither.err());
        Outcome nothing = execute(
                "export",
                shared.toString(),
                back.toString(),
                folder.resolve("a.gguf").toString());
        assertTrue(nothing.status() == 1 && nothing.err().contains("config.json"), nothing.err());
    }

    @Test
    void doctor_withWhatIsMissing_hasStatus1() throws IOException {
        Outcome well = execute(
                "doctor",
                "--model",
                shared.resolve("model").toString(),
                "--data",
                shared.resolve("data.jsonl").toString());
        assertEquals(0, well.status(), well.out());
        for (String line : List.of("engine:", "devices:", "native libraries:", "Nothing is missing.", "9 layers")) {
            assertTrue(well.out().contains(line.replace("9 layers", "1 layers")), well.out());
        }
        Path part = Files.createDirectories(folder.resolve("part"));
        for (String name : List.of("config.json", "tokenizer.json")) {
            Files.copy(shared.resolve("model").resolve(name), part.resolve(name));
        }
        Outcome noWeights = execute("doctor", "--model", part.toString());
        assertEquals(1, noWeights.status());
        assertTrue(noWeights.out().contains("model.safetensors is missing"), noWeights.out());
        Files.writeString(part.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"part-1\"}}");
        assertTrue(execute("doctor", "--model", part.toString()).out().contains("part-1 is missing"));
        Outcome ill = execute("doctor", "--model", shared.toString());
        assertEquals(1, ill.status());
        assertTrue(ill.out().contains("FAILED: ") && ill.out().contains("config.json is missing"), ill.out());
    }

    @Test
    void interruption_saysWhereTheRunGoesOn() {
        PrintStream out = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        try (Interruption saved = Interruption.watch(out, 40, true);
                Interruption unsaved = Interruption.watch(out, 40, false)) {
            assertTrue(saved.text().startsWith("interrupted before the first round"), saved.text());
            for (Interruption one : List.of(saved, unsaved)) {
                one.opened(new RoundOpening("run", 7, List.of(new ClientId("a")), 1, Adapter.empty(), Map.of()));
            }
            assertEquals(
                    "interrupted in round 7 of 40; the rounds before it are saved; go on with the same options and"
                            + " --resume",
                    saved.text());
            assertEquals("interrupted in round 7 of 40; nothing is saved without --out", unsaved.text());
        }
    }
}
