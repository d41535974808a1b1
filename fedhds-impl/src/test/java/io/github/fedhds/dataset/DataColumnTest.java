package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Partitions by a column of the data. */
class DataColumnTest {
    @TempDir
    Path folder = Path.of("");

    private static final Map<String, List<String>> EXPECTED =
            new TreeMap<>(Map.of("7", List.of("c"), "north", List.of("a", "d"), "south", List.of("b")));

    private static Map<String, List<String>> names(Map<String, List<Instruction>> byValue) {
        Map<String, List<String>> names = new TreeMap<>();
        byValue.forEach((value, list) ->
                names.put(value, list.stream().map(Instruction::instruction).toList()));
        return names;
    }

    private Path json(String... hospitals) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < hospitals.length; i++) {
            text.append("{\"instruction\": \"").append((char) ('a' + i)).append("\", \"output\": \"x\"");
            text.append(hospitals[i].isEmpty() ? "" : ", \"hospital\": " + hospitals[i])
                    .append("}\n");
        }
        return Files.writeString(folder.resolve("data.jsonl"), text);
    }

    @Test
    void readBy_jsonObjects_haveTheValuesAsText() throws IOException {
        assertEquals(EXPECTED, names(DataFile.readBy(json("\"north\"", "\" south\"", "7", "\"north\""), "hospital")));
    }

    @Test
    void readBy_csv_comparesTheColumnWithoutCase() throws IOException {
        Path file = Files.writeString(
                folder.resolve("data.csv"),
                "Instruction,Hospital,Output\na,north,x\nb,south,x\nskipped,,\nc,7,x\nd,north,x\n");
        assertEquals(EXPECTED, names(DataFile.readBy(file, "Hospital")));
        assertEquals(EXPECTED, names(DataFile.readBy(file, "hospital")));
    }

    @Test
    void readBy_folderAndTask_areReadToo() throws IOException {
        Path file = json("\"north\"", "\"south\"");
        Files.copy(file, folder.resolve("more.jsonl"));
        Map<String, List<Instruction>> byValue = DataFile.readBy(folder, "hospital");
        assertEquals(Set.of("north", "south"), byValue.keySet());
        assertEquals(
                List.of("data", "more"),
                byValue.getOrDefault("north", List.of()).stream()
                        .map(Instruction::task)
                        .toList());
        Path tasks = Files.writeString(
                folder.resolve("tasks.json"), "{\"prompt\": \"p\", \"completion\": \"c\", \"category\": \"k\"}");
        assertEquals(Set.of("k"), DataFile.readBy(tasks, "category").keySet());
    }

    @Test
    void readBy_missingValue_isAnErrorThatNamesTheRow() throws IOException {
        for (String value : List.of("", "null", "\"\"", "\" \"")) {
            Path file = json("\"north\"", value);
            assertFails(
                    FedHdsException.class, () -> DataFile.readBy(file, "hospital"), "line 2", "hospital is missing");
        }
        Path list = json("[1]");
        assertFails(FedHdsException.class, () -> DataFile.readBy(list, "hospital"), "line 1", "a text or a number");
        for (String column : List.of("", " ", "output")) {
            assertFails(IllegalArgumentException.class, () -> DataFile.readBy(list, column), "column must name");
        }
    }

    @Test
    void readBy_parquet_comparesTheColumnExactlyOrInLowerCase() {
        Path file = ParquetRecordsTest.FILES.resolve("sites.parquet");
        assertEquals(Map.of("1", List.of("a", "c"), "2", List.of("b")), names(DataFile.readBy(file, "Site")));
        assertFails(FedHdsException.class, () -> DataFile.readBy(file, "town"), "row 1", "town is missing", "Site");
        assertEquals(
                Set.of("closed_qa", "open_qa"),
                DataFile.readBy(ParquetRecordsTest.FILES.resolve("rows-none.parquet"), "category")
                        .keySet());
    }

    /** A table says which columns it has; a value that no client can be named by is an error of the partition. */
    @Test
    void readBy_tableWithoutTheColumn_namesItsColumns() throws IOException {
        Path file = Files.writeString(folder.resolve("data.csv"), "instruction,output,ward\na,b,c\n");
        assertFails(FedHdsException.class, () -> DataFile.readBy(file, "hospital"), "hospital is missing", "ward");
        Path twice = Files.writeString(folder.resolve("twice.csv"), "instruction,output,ward,ward\na,b,c,d\n");
        assertFails(FedHdsException.class, () -> DataFile.readBy(twice, "ward"), "the column ward twice");
        Path longest = json("\"" + "x".repeat(201) + "\"");
        assertFails(
                IllegalArgumentException.class,
                () -> Partitions.byTask(DataFile.readBy(longest, "hospital")),
                "client id has 1 to 200");
    }
}
