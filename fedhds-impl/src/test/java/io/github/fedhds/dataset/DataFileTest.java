package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.Turn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataFileTest {
    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = folder.resolve("data.jsonl");
    }

    @Test
    void readAll_bothNamings_areRead() throws IOException {
        Files.writeString(file, """
                {"instruction": "a", "input": "b", "output": "c", "task": "d", "other": [1]}

                {"instruction": "e", "context": "f", "response": "g", "category": "h"}\r
                {"output": 3, "instruction": "i", "input": null}
                """);
        assertEquals(
                List.of(
                        new Instruction("a", "b", "c", "d"),
                        new Instruction("e", "f", "g", "h"),
                        new Instruction("i", "", "3", "")),
                DataFile.readAll(file));
    }

    /** One sample in each way in which files hold it; each is read twice from one file. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"instruction\": \"a\", \"output\": \"b\", \"task\": \"t\"}",
                "{\"instruction\": \"a\", \"input\": null, \"context\": \"\", \"output\": null, \"response\": \"b\","
                        + " \"task\": null, \"category\": \"t\"}",
                "{\n  \"instruction\": \"a\",\n  \"output\": \"b\",\n  \"task\": \"t\"\n}",
                "{\"prompt\": \"a\", \"completion\": \"b\", \"task\": \"t\"}",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}],"
                        + " \"task\": \"t\"}",
                "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}],"
                        + " \"completion\": [{\"role\": \"assistant\", \"content\": \"b\"}], \"category\": \"t\"}",
            })
    void readAll_everyFormAndLayout_givesTheSameSamples(String object) throws IOException {
        Instruction sample = new Instruction("a", "", "b", "t");
        String mark = "\uFEFF";
        for (String text : List.of(
                object + "\n" + object,
                mark + object + "\r\n\r\n" + object + "\r\n",
                "[" + object + "," + object + "]",
                mark + " [\n" + object + ",\n" + object + "\n]\n")) {
            Files.writeString(file, text);
            assertEquals(List.of(sample, sample), DataFile.readAll(file), text);
        }
    }

    @Test
    void readAll_messagesWithASystem_haveItAsHistory() throws IOException {
        Files.writeString(file, """
                {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"},
                 {"role": "assistant", "content": "b"}]}""");
        Instruction kind = new Instruction("a", "", "b", "", List.of(Turn.system("Be kind.")));
        assertEquals(List.of(kind), DataFile.readAll(file));
        Files.writeString(
                file,
                "{\"system\": \"Be kind.\", \"conversations\": [{\"from\": \"human\", \"value\": \"a\"},"
                        + " {\"from\": \"gpt\", \"value\": \"b\"}]}");
        assertEquals(List.of(kind), DataFile.readAll(file));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"output\": \"c\"} | instruction is missing",
                "{\"instruction\": \"c\"} | output or response is missing",
                "{\"prompt\": \"c\"} | completion is missing",
                "{\"instruction\": \"a\", \"output\": [\"b\"]} | output must be a text or a number, was [\"b\"]",
                "{\"question\": \"a\", \"answer\": \"b\"} | has the keys [question, answer]; read are {instruction, input,",
                "{\"Definition\": [\"a\"], \"Instances\": []} | is a task of Natural Instructions; read are",
                "{\"messages\": {\"role\": \"user\"}} | messages must be a list, was {",
                "{\"messages\": [{\"role\": \"user\"}]} | messages[0].content is missing",
                "{\"messages\": [1]} | messages[0] must be {role, content} or {from, value}, was 1",
                "{} | the object is empty; read are",
                "[] | must be a JSON object, was []",
                "7 | must be a JSON object, was 7",
                "{\"instruction\": \"a\", \"output\": \"b\",} | is not valid JSON at line 3 column 37 path $.output: expected name",
                "{\"instruction\": \"a\", \"output\": \"b\" | is not valid JSON at line 4 column 1 path $.output: end of input",
                "{'instruction': 'a'} | is not valid JSON at line 3",
                "} | is not valid JSON at line 3 column 1",
            })
    void readAll_brokenObject_isRefusedByLine(String line, String expected) throws IOException {
        Files.writeString(file, "{\"instruction\": \"a\", \"output\": \"b\"}\n\n" + line + "\n");
        String message =
                assertFails(FedHdsException.class, () -> DataFile.readAll(file), file + ": line 3: " + expected);
        assertFalse(message.contains("JsonReader"), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"output\": \"c\"}] | line 2, element 1: instruction is missing",
                "] | line 2: is not valid JSON at line 2",
                "{\"instruction\": \"a\", \"output\": \"b\"} | line 3: is not valid JSON at line 3 column 1",
                "{\"instruction\": \"a\", \"output\": \"b\"}] {} | line 2: something follows the array",
            })
    void readAll_brokenList_isRefusedByLineAndElement(String rest, String expected) throws IOException {
        Files.writeString(file, "[{\"instruction\": \"a\", \"output\": \"b\"},\n" + rest + "\n");
        assertFails(FedHdsException.class, () -> DataFile.readAll(file), file + ": " + expected);
    }

    @Test
    void readAll_halfOfASurrogatePairInAnyText_isRefusedByPlace() throws IOException {
        for (String half : List.of("\\ud83d", "\\ude00", "\\ud83dx\\ude00")) {
            for (String field : List.of("instruction", "input", "output", "task")) {
                Map<String, String> sample = new LinkedHashMap<>(Map.of("instruction", "i", "output", "o"));
                sample.put(field, "so \\ud83d\\ude00" + half);
                List<String> fields = new ArrayList<>();
                sample.forEach((name, text) -> fields.add("\"" + name + "\": \"" + text + "\""));
                Files.writeString(
                        file,
                        "{\"instruction\": \"\\ud83d\\ude00\", \"output\": \"b\"}\n{" + String.join(", ", fields)
                                + "}");
                assertFails(
                        FedHdsException.class,
                        () -> DataFile.readAll(file),
                        file + ": line 2: " + field + " holds half of a surrogate pair (" + half.substring(0, 6)
                                + ") after 5 characters");
            }
        }
    }

    @Test
    void readAll_emptyOrUnreadable_isRefused() throws IOException {
        assertFails(
                FedHdsException.class, () -> DataFile.readAll(file), file + ": cannot be read: there is no such file");
        assertFails(
                FedHdsException.class,
                () -> DataFile.readAll(Path.of("nowhere.jsonl")),
                "nowhere.jsonl: cannot be read: there is no such file; the working folder is "
                        + Path.of("").toAbsolutePath());
        for (String empty : List.of("", "\n \n", "[]", "\uFEFF")) {
            Files.writeString(file, empty);
            assertFails(FedHdsException.class, () -> DataFile.readAll(file), "the data set is empty");
        }
        byte[] line = "{\"instruction\": \"a\", \"output\": \"b\"}\n".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[20 * line.length + 1];
        for (int i = 0; i < 20; i++) {
            System.arraycopy(line, 0, bytes, i * line.length, line.length);
        }
        bytes[20 * line.length] = (byte) 0xE9;
        Files.write(file, bytes);
        assertFails(
                FedHdsException.class,
                () -> DataFile.readAll(file),
                file + ": is not UTF-8: byte 0xE9 at byte offset " + 20 * line.length + ", in line 21");
    }

    private void tasks(int tasks) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 5 * tasks; i++) {
            text.append("{\"instruction\": \"" + i + "\", \"output\": \"o\", \"task\": \"t" + i % tasks + "\"}\n");
        }
        Files.writeString(file, text.toString());
    }

    @Test
    void read_shareOfTasks_isHeldOutWhole() throws IOException {
        tasks(8);
        Dataset data = DataFile.builder().unseenShare(0.25).build().read(file);
        assertEquals(6, data.training().size());
        assertEquals(2, data.unseen().size());
        assertEquals(40, data.allTraining().size() + data.allUnseen().size());
        data.unseen().values().forEach(list -> assertEquals(5, list.size()));
        assertEquals(data, DataFile.builder().unseenShare(0.25).build().read(file));
        Set<Set<String>> drawn = new HashSet<>();
        for (int seed = 0; seed < 10; seed++) {
            drawn.add(DataFile.builder().seed(seed).build().read(file).unseen().keySet());
        }
        assertNotEquals(1, drawn.size());
        assertEquals(1, DataFile.builder().build().read(file).unseen().size());
        assertEquals(
                0, DataFile.builder().unseenShare(0).build().read(file).unseen().size());
        assertEquals(
                1,
                DataFile.builder()
                        .unseenShare(0.999)
                        .build()
                        .read(file)
                        .training()
                        .size());
        tasks(1);
        assertEquals(0, DataFile.builder().build().read(file).unseen().size());
    }

    @Test
    void unseenShare_outOfRange_isRefused() {
        for (double share : new double[] {-0.1, 1, Double.NaN}) {
            assertFails(
                    IllegalArgumentException.class,
                    () -> DataFile.builder().unseenShare(share),
                    "unseenShare",
                    "" + share);
        }
    }

    @Test
    void load_goesByThePathsKind() throws IOException {
        tasks(3);
        assertEquals(2, Dataset.load(file, 1).training().size());
        assertEquals(Dataset.load(file, 1), Dataset.load(folder, 1));
        assertFails(FedHdsException.class, () -> Dataset.load(folder.resolve("x"), 1), "there is no such file");
        Files.createDirectories(folder.resolve("tasks"));
        assertFails(FedHdsException.class, () -> Dataset.load(folder, 1), "train_tasks.txt");
    }

    @Test
    void dataset_taskInBothParts_isRefused() {
        Map<String, List<Instruction>> one = Map.of("t", List.of());
        assertFails(IllegalArgumentException.class, () -> new Dataset(one, one), "task t is in training and unseen");
    }

    @Test
    @Tag("golden")
    void readAll_dolly_givesEveryRow() throws IOException {
        Path dolly = SharedFolders.data().resolve("dolly/databricks-dolly-sample.jsonl");
        List<Instruction> read = DataFile.readAll(dolly);
        assertEquals(
                Files.readAllLines(dolly).stream().filter(l -> !l.isBlank()).count(), read.size());
        assertTrue(read.stream().anyMatch(i -> !i.input().isEmpty()));
        read.forEach(i -> assertFalse(i.output().isEmpty()));
    }
}
