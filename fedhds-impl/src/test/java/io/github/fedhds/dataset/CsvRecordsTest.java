package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.instruction.Instruction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvRecordsTest {
    @TempDir
    Path folder;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = folder.resolve("data.csv");
    }

    private List<Instruction> read(String text) throws IOException {
        Files.writeString(file, text);
        return DataFile.readAll(file);
    }

    @Test
    void readAll_quotesCommasLineEndsAndMark_areRead() throws IOException {
        List<Instruction> expected =
                List.of(new Instruction("a, \"b\"\r\nc", "", "d", "t"), new Instruction(" e ", "", "f\n", "u"));
        String rows = "Instruction,id,output, Category\r\n\"a, \"\"b\"\"\r\nc\",1,d,t\r\n\r\n e ,,\"f\n\",u";
        assertEquals(expected, read(rows));
        assertEquals(expected, read("\uFEFF" + rows + "\r\n"));
        assertEquals(
                expected.get(1),
                read("output,category,instruction\r\"f\n\",u, e \r").get(0));
    }

    @Test
    void readAll_anEmptyFieldBesideItsAlias_isAbsent() throws IOException {
        assertEquals(
                List.of(new Instruction("a", "i", "o", "")),
                read("instruction,input,context,output,response\na,,i,,o\n"));
        assertFails(
                FedHdsException.class,
                () -> read("prompt,completion\na,\n,b\nc,  \n"),
                "all rows were skipped: {empty answer=2, empty instruction=1}");
    }

    /** Any texts, quoted as RFC 4180 says, come back. */
    @Test
    void readAll_anyTexts_comeBack() throws IOException {
        SplittableRandom random = new SplittableRandom(11);
        String[] pieces = {"a", ",", "\"", "\n", "\r\n", "\r", " ", "\u00E9", "\uD83D\uDE00", "'", ";", "\t"};
        List<Instruction> expected = new ArrayList<>();
        StringBuilder text = new StringBuilder("instruction,output\r\n");
        for (int row = 0; row < 2000; row++) {
            StringBuilder one = new StringBuilder("x");
            random.ints(random.nextInt(12), 0, pieces.length).forEach(i -> one.append(pieces[i]));
            expected.add(new Instruction(one.toString(), "", one.reverse().toString(), ""));
            Instruction last = expected.get(row);
            text.append('"').append(last.instruction().replace("\"", "\"\"")).append("\",\"");
            text.append(last.output().replace("\"", "\"\"")).append("\"\r\n");
        }
        assertEquals(expected, read(text.toString()));
    }

    @Test
    void readAll_damagedRow_isRefusedByTheLineWhereItBegins() {
        String begin = "instruction,output\n\"two\nlines\",b\n\n";
        assertRefused(begin + "a,b,c\n", "line 5: the row has 3 fields, the header 2");
        assertRefused(begin + "a\n", "line 5: the row has 1 fields, the header 2");
        assertRefused(begin + "a \"b\",c\n", "line 5: a quote stands inside a field without quotes");
        assertRefused(begin + "\"a\"b,c\n", "line 5: a text follows the closing quote");
        assertRefused(begin + "c,d\na,\"b\nc\n", "line 6: a quoted field that begins in this row has no closing quote");
        assertRefused("instruction,output,Output\na,b,c\n", "line 1: the CSV header has the column output twice");
        assertRefused("instruction,input\na,b\n", "line 2: output or response is missing");
    }

    @Test
    void readAll_textThatIsNoTable_isOfNoKnownKind() {
        assertRefused("# Read me\n\nof a data set", "is of no known kind; it begins with \"# Read me\"");
        assertRefused("instruction;output\na;b\n", "save it with commas between the columns");
        assertRefused("7\n", "is of no known kind; it begins with \"7\"");
    }

    private void assertRefused(String text, String expected) {
        assertFails(FedHdsException.class, () -> read(text), file.toString(), expected);
    }
}
