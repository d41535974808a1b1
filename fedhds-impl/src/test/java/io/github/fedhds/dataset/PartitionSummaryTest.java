package io.github.fedhds.dataset;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PartitionSummaryTest {
    private static List<Instruction> of(String task, int count) {
        return Collections.nCopies(count, new Instruction("q", "", "a", task));
    }

    private static Map<String, List<Instruction>> tasks(int... sizes) {
        Map<String, List<Instruction>> tasks = new LinkedHashMap<>();
        for (int t = 0; t < sizes.length; t++) {
            tasks.put("t" + t, of("t" + t, sizes[t]));
        }
        return tasks;
    }

    @Test
    void of_oneTaskAClient_isOneMinusTheClientsShares() {
        PartitionSummary summary = PartitionSummary.of(Partitions.byTask(tasks(10, 20, 70)));
        assertEquals(3, summary.clients());
        assertEquals(100, summary.instructions());
        assertEquals(List.of(10, 70), List.of(summary.least(), summary.most()));
        assertEquals(20, summary.median());
        assertEquals(3, summary.tasks());
        assertEquals(1, summary.tasksPerClient());
        assertEquals((0.9 + 0.8 + 0.3) / 3, summary.heterogeneity(), 1e-12);
        assertTrue(summary.heterogeneityAtRandom() < 0.3, summary.toString());
    }

    @Test
    void of_oneClientOrOneTask_hasNoHeterogeneity() {
        for (PartitionSummary summary : List.of(
                PartitionSummary.of(Partitions.even(tasks(4, 4), 1, 1)),
                PartitionSummary.of(Partitions.byQuantity(tasks(40), 5, 0.5, 1, 1)))) {
            assertEquals(0, summary.heterogeneity(), 1e-12);
            assertEquals(0, summary.heterogeneityAtRandom(), 1e-12);
        }
    }

    @Test
    void of_evenPartition_isAsHeterogeneousAsAtRandom() {
        Map<String, List<Instruction>> tasks = tasks(4000, 3000, 2000, 1000);
        PartitionSummary even = PartitionSummary.of(Partitions.even(tasks, 50, 3));
        assertEquals(even.heterogeneityAtRandom(), even.heterogeneity(), 0.02);
        PartitionSummary alpha05 = PartitionSummary.of(Partitions.dirichlet(tasks, 50, 0.5, 1, 3));
        PartitionSummary alpha5 = PartitionSummary.of(Partitions.dirichlet(tasks, 50, 5, 1, 3));
        assertTrue(alpha05.heterogeneity() > alpha5.heterogeneity() + 0.1, alpha05 + " " + alpha5);
        assertTrue(alpha5.heterogeneity() > alpha5.heterogeneityAtRandom(), alpha5.toString());
    }

    @Test
    void of_emptyClients_countInSizesOnly() {
        PartitionSummary summary = PartitionSummary.of(
                Map.of(new ClientId("a"), List.of(), new ClientId("b"), of("t", 3), new ClientId("c"), of("u", 1)));
        assertEquals(0, summary.least());
        assertEquals(1, summary.median());
        assertEquals(2 / 3.0, summary.tasksPerClient(), 1e-12);
        assertEquals((0.25 + 0.75) / 2, summary.heterogeneity(), 1e-12);
        assertFails(IllegalArgumentException.class, () -> PartitionSummary.of(Map.of()), "one instruction or more");
    }
}
