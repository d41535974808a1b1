import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A round with the installed artifacts, without ELKI and without the build that made them. */
class HostTest {
    @TempDir
    static Path folder;

    @BeforeAll
    static void writeModel() throws IOException {
        RandomModel.write(folder);
    }

    /** Eight clients of four tasks each, whose texts look apart even to a model of random weights. */
    private static Map<ClientId, List<Instruction>> data() {
        Map<ClientId, List<Instruction>> data = new LinkedHashMap<>();
        for (int client = 0; client < 8; client++) {
            List<Instruction> rows = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String[] tasks = {"add", "spell", "NEGATE", "9-digit"};
                String letter = String.valueOf("aZ7#".charAt(i % 4));
                rows.add(new Instruction(
                        tasks[i % 4], (i + 40 * client) + " and " + letter.repeat(3), letter.repeat(6)));
            }
            data.put(new ClientId("client-" + client), rows);
        }
        return data;
    }

    @Test
    void classPath_hasFedHdsFromTheRepositoryOfThisTest_andNoElki() {
        String place = io.github.fedhds.setup.FedHds.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        assertTrue(place.contains("/it-repo/io/github/fedhds/fedhds-impl/"), place);
        assertThrows(
                ClassNotFoundException.class, () -> Class.forName("elki.clustering.hierarchical.HDBSCANLinearMemory"));
        assertFalse(System.getProperty("java.class.path").contains("elki"));
    }

    @Test
    void exampleOfReadme_trainsARound() {
        RoundResult result = Example.oneRound(folder, data());
        assertEquals(8, result.reports());
        assertFalse(result.isEmpty(), result::toString);
        assertTrue(Double.isFinite(result.meanLoss()), result::toString);
    }

    @Test
    void ownTransportSelectorAndAggregator_trainTheirSamples() throws InterruptedException {
        RoundResult result = Host.oneRound(folder, data());
        assertEquals(8 * 2, result.samples());
        assertTrue(result.adapter().tensors().values().stream().allMatch(tensor -> Float.isFinite(tensor.get(0))));
        assertNotEquals(0, result.adapter().tensors().size());
    }
}
