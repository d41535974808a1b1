package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.dataset.DataFile;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command select, on 360 instructions of nine tasks. */
class SelectCommandTest extends OnMainJob {
    private Outcome select(Path data, String... more) {
        List<String> all = new ArrayList<>(
                List.of("select", "--model", shared.resolve("model").toString()));
        all.addAll(List.of("--data", data.toString(), "--device", "cpu"));
        all.addAll(List.of(more));
        return execute(all.toArray(new String[0]));
    }

    private Outcome select(String... more) {
        return select(shared.resolve("data.jsonl"), more);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.05", "0.1", "0.4"})
    void select_oneClient_takesTheShareInTheOrderOfTheData(String share) throws IOException {
        Path out = folder.resolve("chosen.jsonl");
        Outcome outcome = select("--share", share, "--out", out.toString());
        assertEquals(0, outcome.status(), outcome.err());
        List<Instruction> chosen = DataFile.readAll(out);
        int expected = (int) (Double.parseDouble(share) * 360 + 1e-9);
        assertEquals(expected, chosen.size(), outcome.out());
        List<Instruction> all = DataFile.readAll(shared.resolve("data.jsonl"));
        List<Integer> places = chosen.stream().map(all::indexOf).toList();
        assertEquals(places.stream().sorted().toList(), places);
        assertEquals(expected, new HashSet<>(places).size());
        assertFalse(places.contains(-1));
        assertTrue(outcome.out().contains("selected " + expected + " of 360 instructions"), outcome.out());
        assertTrue(outcome.out().contains("feature rows: 360 computed"), outcome.out());
        JsonObject line = JsonParser.parseString(Files.readAllLines(out).get(0)).getAsJsonObject();
        assertEquals(
                new LinkedHashSet<>(List.of("instruction", "input", "output", "task", "client", "group")),
                line.keySet());
        assertEquals("client-0", line.get("client").getAsString());
    }

    /** A typing error must not cost the user's data. */
    @Test
    void outThatIsTheData_orAFolder_isRefusedBeforeTheWork() throws IOException {
        Path mine = Files.createDirectories(folder.resolve("mine"));
        Path data = mine.resolve("rows.jsonl");
        writeLines(data, 2, 8);
        String before = Files.readString(data);
        String random = "--selection=random";
        for (String command : List.of("select", "features")) {
            for (String[] paths : new String[][] {
                {data.toString(), data.toString(), "is --data"},
                {data.toString(), folder.resolve("mine/../mine/rows.jsonl").toString(), "is --data"},
                {mine.toString(), folder.resolve("mine/chosen.jsonl").toString(), "lies in --data"},
                {data.toString(), folder.toString(), "a folder"},
                {data.toString(), data.resolve("chosen.jsonl").toString(), "may be written"}
            }) {
                List<String> all =
                        new ArrayList<>(List.of(command, "--model", "none", "--data", paths[0], "--out", paths[1]));
                if (command.equals("select")) {
                    all.add(random);
                }
                Outcome refused = execute(all.toArray(new String[0]));
                assertEquals(2, refused.status(), refused.err());
                assertTrue(refused.err().contains("--out") && refused.err().contains(paths[2]), refused.err());
            }
        }
        assertEquals(before, Files.readString(data));
        assertEquals(List.of("rows.jsonl"), List.of(mine.toFile().list()));
    }

    /** What was selected can be trained on: the file is data of the command run. */
    @Test
    void select_itsFile_isDataOfARun() throws IOException {
        Path out = folder.resolve("chosen.jsonl");
        assertEquals(
                0,
                select("--share", "0.2", "--partition", "task", "--out", out.toString())
                        .status());
        Outcome run =
                ownOn(out, folder.resolve("run"), "--clients", "3", "--selection", "full", "--held-out", "task-1");
        assertEquals(0, run.status(), run.err());
        assertTrue(changesTheModel(adapter(folder.resolve("run"))));
        Outcome again = select(
                out,
                "--selection",
                "full",
                "--out",
                folder.resolve("again.jsonl").toString());
        assertEquals(0, again.status(), again.err());
        assertEquals(DataFile.readAll(out), DataFile.readAll(folder.resolve("again.jsonl")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"recommended", "fedhds", "balanced", "random", "full"})
    void select_eachSelection_writesToStandardOutputAndIsRepeatable(String selection) {
        List<String> given = new ArrayList<>(List.of("--selection", selection, "--clients", "12", "--seed", "3"));
        if (!selection.equals("fedhds") && !selection.equals("full")) {
            given.addAll(List.of("--share", "0.1"));
        }
        String[] options = given.toArray(new String[0]);
        Outcome outcome = select(options);
        List<String> lines = outcome.out().lines().toList();
        assertEquals(lines.isEmpty() ? 3 : 0, outcome.status(), outcome.err());
        assertTrue(outcome.err().contains("selected " + lines.size() + " of 360 instructions"), outcome.err());
        Set<String> clients = new HashSet<>();
        for (String line : lines) {
            clients.add(
                    JsonParser.parseString(line).getAsJsonObject().get("client").getAsString());
        }
        if (selection.equals("full")) {
            assertEquals(360, lines.size());
            assertEquals(12, clients.size());
        } else if (selection.equals("recommended")) {
            assertEquals(36, lines.size());
        }
        assertEquals(outcome.out(), select(options).out());
    }

    @Test
    void select_secondRound_addsOtherInstructions() {
        Outcome two = select("--share", "0.05", "--rounds", "2");
        assertEquals(36, two.out().lines().distinct().count(), two.err());
        Set<String> first =
                new HashSet<>(select("--share", "0.05").out().lines().toList());
        assertTrue(two.out().lines().toList().containsAll(first));
    }

    /** Equal instructions are different rows, and conversations keep their turns. */
    @Test
    void select_duplicatesAndConversations_areWrittenAsTheyWere() throws IOException {
        Path data = Files.writeString(folder.resolve("talk.jsonl"), """
                {"instruction": "a <b> & \\"c\\"", "output": "x", "task": "t"}
                {"instruction": "a <b> & \\"c\\"", "output": "x", "task": "t"}
                {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
                  {"role": "assistant", "content": "v"}, {"role": "user", "content": "w"},
                  {"role": "assistant", "content": "z"}]}
                """);
        Path out = folder.resolve("new/folder/out.jsonl");
        Outcome outcome = select(data, "--selection", "full", "--out", out.toString());
        assertEquals(0, outcome.status(), outcome.err());
        List<Instruction> read = DataFile.readAll(out);
        assertEquals(DataFile.readAll(data), read);
        assertEquals(
                List.of(Turn.system("s"), Turn.user("u"), Turn.assistant("v")),
                read.get(2).history());
    }

    @Test
    void select_naturalInstructionsAndHeldOut_areRead() {
        Outcome natural = select(shared.resolve("natural"), "--selection", "full", "--instances", "1");
        assertEquals(60, natural.out().lines().count(), natural.err());
        Outcome without = select("--selection", "full", "--held-out", "task-1,task-2");
        assertEquals(280, without.out().lines().count(), without.err());
    }

    @Test
    void select_wrongOptions_areNamed() {
        assertTrue(execute("select").err().contains("select needs --model and --data"));
        for (String[] wrong : new String[][] {
            {"--share", "0"},
            {"--share", "NaN"},
            {"--rounds", "0"},
            {"--clients", "0"},
            {"--samples-per-group", "2"},
            {"--learning-rate", "1"},
            {"--partition", "even"}
        }) {
            Outcome outcome = select(wrong);
            assertEquals(2, outcome.status(), wrong[0] + " " + outcome.err());
            assertTrue(outcome.err().contains(wrong[0]), outcome.err());
        }
        assertTrue(select("--clients", "361").err().contains("number of instructions, 360"));
    }
}
