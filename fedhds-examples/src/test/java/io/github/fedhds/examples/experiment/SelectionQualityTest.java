package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.Points;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
        assertTrue(told.contains("LAST_TOKEN, NONE: of 184 samples "), told);
    }

    @Test
    void call_poolingScalingAndCache_areUsed(@TempDir Path cache) throws IOException {
        String[] options = {
            "--clients=3",
            "--tasks=2",
            "--samples=8",
            "--pool=8",
            "--seeds=1",
            "--budgets=3",
            "--all-tasks=5",
            "--pooling=POSITION_WEIGHTED_MEAN",
            "--layer-scaling=UNIT_LENGTH",
            "--feature-cache=" + cache
        };
        String told = run(options);
        assertTrue(told.contains("3 clients, 2 of 5 tasks each"), told);
        assertTrue(told.contains("POSITION_WEIGHTED_MEAN, UNIT_LENGTH: of 40 samples "), told);
        try (Stream<Path> files = Files.walk(cache)) {
            assertEquals(40, files.filter(Files::isRegularFile).count());
        }
        assertEquals(told, run(options));
    }

    @Test
    void spread_takesTasksAtEqualDistances() {
        Map<String, List<Instruction>> all = Map.of("a", List.of(), "b", List.of(), "c", List.of(), "d", List.of());
        Map<String, List<Instruction>> sorted = new TreeMap<>(all);
        assertEquals(Set.of("a", "c"), SelectionQuality.spread(sorted, 2).keySet());
        assertEquals(Set.of("a", "b", "c"), SelectionQuality.spread(sorted, 3).keySet());
        assertEquals(sorted, SelectionQuality.spread(sorted, Integer.MAX_VALUE));
    }

    @Test
    void nearestInSameTask_byHand_countsTheNearestOther() {
        Points line = new Points(4, 1, new double[] {0, 1, 1.5, 4});
        assertEquals(0.75, SelectionQuality.nearestInSameTask(line, new int[] {0, 0, 0, 1})); // 4's is 1.5, of task 0
        assertEquals(0.5, SelectionQuality.nearestInSameTask(line, new int[] {0, 1, 1, 0}));
        assertEquals(0, SelectionQuality.nearestInSameTask(new Points(1, 1, new double[1]), new int[1]));
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
