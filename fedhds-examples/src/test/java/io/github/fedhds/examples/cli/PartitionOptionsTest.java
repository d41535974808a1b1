package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.examples.experiment.PartitionPicture;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** The options --partition and --held-out. */
class PartitionOptionsTest extends OnMainJob {
    private static final List<String> CATEGORIES = List.of(
            "brainstorming",
            "classification",
            "closed_qa",
            "creative_writing",
            "general_qa",
            "information_extraction",
            "open_qa",
            "summarization");

    private static final PartitionChoice DIRICHLET = new PartitionChoice(PartitionChoice.Kind.DIRICHLET, "0.5");

    /** Rows with the keys of Dolly-15K, and a column that names a hospital. */
    private Path dolly(int rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add(GSON.toJson(Map.of(
                    "instruction", "Question " + i,
                    "context", i % 3 == 0 ? "Text " + i : "",
                    "response", "Answer " + i,
                    "category", CATEGORIES.get(i % 8),
                    "hospital", "H" + i % 5)));
        }
        return Files.write(folder.resolve("dolly.jsonl"), lines);
    }

    private static OwnData read(Path path, String heldOut, PartitionChoice partition, int clients) {
        OwnData.Reading how = new OwnData.Reading(
                Optional.empty(), heldOut.isEmpty() ? List.of() : List.of(heldOut.split(",")), true, 1);
        return OwnData.read(path, how, partition, clients == 0 ? Optional.empty() : Optional.of(clients));
    }

    /** The setting of the paper: 200 clients, Dirichlet shares over the categories, one of which is held out. */
    @Test
    void read_dollyAsInThePaper_hasTwoHundredClientsAndOneCategoryHeldOut() throws IOException {
        OwnData data = read(dolly(1200), "summarization", DIRICHLET, 200);
        assertEquals(200, data.clients().size());
        assertEquals(7, data.tasks());
        assertEquals(1, data.unseenTasks());
        assertEquals(150, data.unseen().size());
        assertTrue(data.unseen().stream().allMatch(one -> one.task().equals("summarization")));
        Set<Instruction> held = new HashSet<>();
        data.clients().values().forEach(list -> {
            assertFalse(list.isEmpty());
            list.forEach(one -> assertTrue(held.add(one) && !one.task().equals("summarization")));
        });
        assertEquals(1050, held.size());
        assertEquals("Question 0", data.training().get(0).instruction());
        assertEquals(Set.copyOf(data.training()), held);
        assertEquals(data, read(folder.resolve("dolly.jsonl"), "summari", DIRICHLET, 200));
    }

    @Test
    void read_column_hasAClientForEachValue() throws IOException {
        PartitionChoice hospital = new PartitionChoice(PartitionChoice.Kind.COLUMN, "hospital");
        OwnData data = read(dolly(160), "open_qa,closed_qa", hospital, 0);
        assertEquals("[H0, H1, H2, H3, H4]", data.clients().keySet().toString());
        assertEquals(120, data.clients().values().stream().mapToInt(List::size).sum());
        assertEquals(40, data.unseen().size());
        assertTrue(data.clients().getOrDefault(new ClientId("H3"), List.of()).stream()
                .allMatch(one -> Integer.parseInt(one.instruction().substring(9)) % 5 == 3));
        fails(
                () -> read(folder.resolve("dolly.jsonl"), "", new PartitionChoice(PartitionChoice.Kind.COLUMN, "x"), 0),
                "x is missing",
                "hospital");
        fails(
                () -> read(
                        folder.resolve("dolly.jsonl"),
                        "",
                        new PartitionChoice(PartitionChoice.Kind.COLUMN, "response"),
                        0),
                "--partition column:response");
        fails(() -> read(shared.resolve("natural"), "", hospital, 0), "Natural Instructions, which have no columns");
    }

    @Test
    void read_namesThatDoNotFit_areNamed() throws IOException {
        Path file = dolly(40);
        fails(() -> read(file, "poems", DIRICHLET, 4), "--held-out poems", "no task is named", "brainstorming");
        fails(() -> read(file, "", DIRICHLET, 400), "--clients 400", "number of instructions, 35");
        fails(() -> read(file, "", new PartitionChoice(PartitionChoice.Kind.LABELS, "9"), 4), "labels:9", "1 to 7");
        OwnData natural =
                read(shared.resolve("natural"), "task1_add", new PartitionChoice(PartitionChoice.Kind.TASK, ""), 0);
        assertEquals(
                "[task2_spell, task3_negate, task4_unseen]",
                natural.clients().keySet().toString());
        assertEquals("task1_add", natural.unseen().get(0).task());
    }

    private static void fails(org.junit.jupiter.api.function.Executable call, String... parts) {
        String message = String.valueOf(
                Assertions.assertThrows(FedHdsException.class, call).getMessage());
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void run_withPartition_tellsOfItAndDrawsIt() throws IOException {
        Path out = folder.resolve("out");
        Outcome outcome =
                own(out, "--partition", "labels:2", "--clients", "8", "--fraction", "0.25", "--held-out", "task-8");
        assertEquals(0, outcome.status(), outcome.err());
        assertTrue(outcome.out().contains("8 clients with 320 instructions of 8 tasks"), outcome.out());
        assertTrue(
                outcome.out()
                        .contains("partition labels:2: 40 to 40 instructions a client (median 40), 2.0 of 8 tasks a"
                                + " client, heterogeneity 0.75 (0."),
                outcome.out());
        JsonObject json = JsonParser.parseString(Files.readString(out.resolve("partition.json")))
                .getAsJsonObject();
        assertEquals("labels:2", json.get("partition").getAsString());
        assertEquals(8, json.getAsJsonObject("instructions_by_client_and_task").size());
        assertTrue(Files.readString(out.resolve("partition.svg")).startsWith("<svg"));
    }

    @Test
    void run_partitionOutOfForm_isAWrongOption() {
        String[] wrong = {
            "dirichlet",
            "dirichlet:0",
            "dirichlet:NaN",
            "dirichlet:-1",
            "labels:0",
            "labels:x",
            "even:3",
            "task:1",
            "column:",
            "quantity:Infinity",
            "iid"
        };
        for (String value : wrong) {
            Outcome outcome = own(folder.resolve("out"), "--partition", value, "--clients", "3");
            assertEquals(2, outcome.status(), value);
            assertTrue(outcome.err().contains("is none of task, dirichlet:ALPHA"), outcome.err());
        }
        for (String value : List.of("task", "column:hospital")) {
            Outcome outcome = own(folder.resolve("out"), "--partition", value, "--clients", "3");
            assertEquals(2, outcome.status());
            assertTrue(outcome.err().contains("leave out --clients"), outcome.err());
        }
        Outcome outcome = own(folder.resolve("out"), "--partition", "even");
        assertTrue(outcome.err().contains("--partition even needs --clients"), outcome.err());
    }

    @Test
    void picture_fewAndManyClientsAndTasks_showsAllOrSaysHowMany() {
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        for (int i = 0; i < 300; i++) {
            List<Instruction> held = new ArrayList<>();
            for (int j = 0; j < i % 7; j++) {
                held.add(new Instruction("q", "", "a", "<task " + (i + j) % 80 + ">"));
            }
            clients.put(new ClientId("c" + i), held);
        }
        String many = new PartitionPicture("x < y & z", clients).svg();
        assertTrue(many.contains("200 of the clients"), "clients");
        assertTrue(many.contains("other tasks (41)"), "tasks");
        assertTrue(many.contains("x &lt; y &amp; z") && many.contains("&lt;task "), "escaped");
        assertFalse(many.contains("NaN"), "empty clients");
        String one =
                new PartitionPicture("one", Map.of(new ClientId("c"), List.of(new Instruction("q", "", "a")))).svg();
        assertTrue(one.contains("(no task)") && one.contains("clients, by their largest task"), one);
    }
}
