package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.examples.Programs;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClusterIndicesTest {
    private static List<String> run(int status, String... arguments) {
        StringWriter text = new StringWriter();
        assertEquals(
                status,
                Programs.commandLine(new ClusterIndices())
                        .setOut(new PrintWriter(text))
                        .setErr(new PrintWriter(text))
                        .execute(arguments));
        return text.toString().lines().toList();
    }

    @Test
    void call_embeddedModel_printsALineForEachFusionAndClustering() {
        List<String> lines = run(0, "--samples", "60", "--groups", "6");
        assertEquals(1 + 3 * 2, lines.size());
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.trim().split("\\s+");
            double trust = Double.parseDouble(cells[1]);
            assertTrue(trust > 0.5 && trust <= 1, line);
            if (cells[2].equals("KMEANS")) {
                assertEquals("6", cells[3], line);
                assertEquals("0.0", cells[4], line);
                assertTrue(Double.parseDouble(cells[6]) > 0, line); // silhouette
            }
        }
    }

    @Test
    void call_tooFewSamples_isRefused() {
        assertTrue(run(2, "--samples", "10").get(0).startsWith("--samples must be 11 or more"));
    }
}
