package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class SelectionQualityTest {
    private static String run(String... arguments) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(new SelectionQuality()).setOut(new PrintWriter(out));
        assertEquals(0, line.execute(arguments));
        return out.toString();
    }

    @Test
    void call_small_printsTheSameTableTwice() {
        String[] small = {"--clients=3", "--tasks=2", "--samples=8", "--pool=8", "--seeds=2", "--budgets=3"};
        String told = run(small);
        assertEquals(told, run(small));
        assertTrue(told.contains("3 clients, 2 of 23 tasks each, 8 samples a task; 2 seeds"), told);
        for (String way : List.of("paper", "unique", "diverse 3", "Ward 3")) {
            assertTrue(told.lines().anyMatch(row -> row.startsWith(way + " ")), told);
        }
    }

    @Test
    void figure_chanceOfClientsWithOneTaskEach_isCounted() {
        ClientId a = new ClientId("a");
        ClientId b = new ClientId("b");
        List<Instruction> one = Collections.nCopies(10, new Instruction("do", "", "done", "one"));
        List<Instruction> two = Collections.nCopies(10, new Instruction("do", "", "done", "two"));
        Map<ClientId, List<Instruction>> chosen = Map.of(a, one.subList(0, 1), b, two.subList(0, 1));
        SelectionQuality.Figure figure = SelectionQuality.figure(chosen, Map.of(a, one, b, two), 1);
        assertEquals(2, figure.chosen());
        assertEquals(2, figure.covered());
        assertEquals(2, figure.likePerClient());
        assertEquals(1 + 10.0 / 19, figure.likeOverAll(), 0.18); // 200 draws: 5 standard deviations
    }
}
