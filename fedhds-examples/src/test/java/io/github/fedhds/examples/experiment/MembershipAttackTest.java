package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipAttackTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        return MembershipAttack.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    /** Without noise both attacks work; with it, a row says what is promised. */
    @Test
    void call_withoutNoise_theAttacksWork(@TempDir Path folder) throws IOException {
        Path plot = folder.resolve("plot.svg");
        assertEquals(0, execute("--trials", "24", "--epsilons", "1.0", "--plot", plot.toString()), err.toString());
        String svg = Files.readString(plot);
        assertEquals(3, svg.split("<circle", -1).length - 1, "two epsilons and a key: " + svg);
        assertTrue(svg.contains("no noise") && svg.contains("has it trained on the instruction?"), svg);
        List<String> rows = out.toString()
                .lines()
                .filter(line -> line.startsWith("| ") && !line.contains("attack"))
                .toList();
        assertEquals(4, rows.size(), out.toString());
        for (int i = 0; i < rows.size(); i++) {
            String[] cells = rows.get(i).split("\\|");
            assertEquals(i % 2 == 0 ? "no noise" : "1.0", cells[2].strip());
            assertEquals(i % 2 == 0 ? 1 : 0.107, Double.parseDouble(cells[3]), 5e-4);
            if (i % 2 == 0) {
                double advantage = Double.parseDouble(cells[4].strip().split(" ")[0]);
                assertTrue(advantage >= 0.3, rows.get(i));
            }
        }
    }

    @Test
    void call_tooFewTrials_isNamed() {
        assertEquals(2, execute("--trials", "3"));
        assertTrue(err.toString().contains("--trials"), err.toString());
    }
}
