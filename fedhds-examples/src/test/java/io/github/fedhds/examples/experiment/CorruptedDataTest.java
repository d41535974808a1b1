package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.TinyModel;
import io.github.fedhds.instruction.Instruction;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorruptedDataTest {
    private static List<String> run(int status, String... arguments) {
        StringWriter text = new StringWriter();
        assertEquals(
                status,
                CorruptedData.commandLine()
                        .setOut(new PrintWriter(text))
                        .setErr(new PrintWriter(text))
                        .execute(arguments));
        return text.toString().lines().toList();
    }

    private static List<Instruction> samples(int n) {
        return IntStream.range(0, n)
                .mapToObj(i -> new Instruction("say the number " + i, "of those", "it is " + i, "t" + i % 3))
                .toList();
    }

    @Test
    void corrupt_aShare_isOfEachKindAndTheRestStays() {
        List<Instruction> samples = samples(90);
        List<Instruction> corrupted = Corruption.corrupt(samples, 0.1, new Random(1));
        assertEquals(corrupted, Corruption.corrupt(samples, 0.1, new Random(1)));
        assertNotEquals(corrupted, Corruption.corrupt(samples, 0.1, new Random(2)));
        Map<Corruption, Integer> counts = new EnumMap<>(Corruption.class);
        for (int i = 0; i < 90; i++) {
            Instruction before = samples.get(i);
            Instruction after = corrupted.get(i);
            Optional<Corruption> kind = Corruption.of(after);
            kind.ifPresent(one -> counts.merge(one, 1, Integer::sum));
            assertEquals(kind.isEmpty(), before.equals(after));
            if (kind.equals(Optional.of(Corruption.ANSWER))) {
                assertEquals(before.instruction(), after.instruction());
                assertNotEquals(before.output(), after.output());
            } else if (kind.equals(Optional.of(Corruption.TRUNCATED))) {
                assertTrue(before.instruction().startsWith(after.instruction()));
                assertEquals(4, after.input().length());
            } else if (kind.equals(Optional.of(Corruption.DUPLICATE))) {
                assertNotEquals(before.output(), after.output());
                assertEquals("of those".length(), after.input().length());
            }
        }
        assertEquals(Map.of(Corruption.ANSWER, 3, Corruption.TRUNCATED, 3, Corruption.DUPLICATE, 3), counts);
    }

    @Test
    void corrupt_fewOrEqualSamples_isDefined() {
        assertEquals(List.of(), Corruption.corrupt(List.of(), 1, new Random(1)));
        assertEquals(samples(9), Corruption.corrupt(samples(9), 0.1, new Random(1)));
        Instruction clef = new Instruction("\uD834\uDD1E\uD834\uDD1E\uD834\uDD1E", "", "\uD834\uDD1E", "t");
        List<Instruction> same = new ArrayList<>(List.of(clef, clef, clef));
        List<Instruction> corrupted = Corruption.corrupt(same, 1, new Random(1));
        assertTrue(corrupted.stream()
                .allMatch(one -> one.instruction().codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF)));
    }

    @Test
    void call_modelAndData_printsEachStrategyWithAndWithoutPairQuality(@TempDir Path folder) throws Exception {
        StringBuilder data = new StringBuilder();
        for (Instruction one : samples(90)) {
            data.append("{\"instruction\": \"%s\", \"output\": \"%s\", \"task\": \"%s\"}\n"
                    .formatted(one.instruction(), one.output(), one.task()));
        }
        Path file = Files.writeString(folder.resolve("data.jsonl"), data);
        Path model = Files.createDirectories(folder.resolve("model"));
        TinyModel.write(model);
        String[] arguments = {
            "--model", model.toString(), "--data", file.toString(), "--clients", "2", "--seeds", "2", "--share", "0.1"
        };
        List<String> lines = run(0, arguments);
        assertEquals(3 + 2 * 12, lines.size(), lines.toString());
        // one of the three tasks is held out
        assertTrue(lines.get(0).startsWith("60 samples, 10.0 % of them bad, 2 clients, 2 seeds"), lines.get(0));
        for (String row : lines.subList(3, lines.size())) {
            String[] cells = row.split("\\|");
            double bad = Double.parseDouble(cells[3].trim().split(" ")[0]);
            double kinds = IntStream.of(4, 5, 6)
                    .mapToDouble(i -> Double.parseDouble(cells[i].trim()))
                    .sum();
            assertEquals(bad, kinds, 0.21, row);
        }
        assertEquals(lines, run(0, arguments));
    }

    @Test
    void call_wrongOptions_areNamed() {
        assertTrue(run(2, "--model", "x").get(0).contains("--model and --data belong together"));
        assertTrue(run(2, "--corrupted", "0").get(0).contains("--corrupted above 0"));
        String none = run(2, "--instances", "2", "--clients", "2", "--corrupted", "0.001", "--seeds", "1")
                .get(0);
        assertTrue(none.contains("of the samples of a client is less than one"), none);
    }
}
