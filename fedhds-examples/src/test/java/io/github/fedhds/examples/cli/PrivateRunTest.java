package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The main job with a privacy budget: noise on what clients send, ledgers, a statement. */
class PrivateRunTest extends OnMainJob {
    private static List<Path> ledgers(Path out) throws IOException {
        try (Stream<Path> files = Files.list(out.resolve("privacy"))) {
            return files.filter(file -> file.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList();
        }
    }

    private static JsonObject statement(Path out) throws IOException {
        return JsonParser.parseString(Files.readString(out.resolve("privacy/statement.json")))
                .getAsJsonObject();
    }

    @Test
    void epsilon_withClip_isSpentAndWritten() throws IOException {
        Path out = folder.resolve("both");
        String[] settings = {
            "--epsilon", "20", "--clip", "1", "--rounds", "2", "--clients", "4", "--fraction", "1", "--share", "0.1"
        };
        Outcome outcome = own(out, settings);
        assertEquals(0, outcome.status(), outcome.err() + outcome.out());
        assertTrue(outcome.out().contains("each client spends at most epsilon 20.0 at delta 1.0E-5"), outcome.out());
        assertTrue(outcome.out().contains("of 20.0 is spent by the client that has spent most"), outcome.out());
        assertEquals(4, ledgers(out).size());
        for (Path ledger : ledgers(out)) {
            int lines = Files.readAllLines(ledger).size();
            assertTrue(lines >= 2 && lines <= 4, "reports of two rounds, and updates: " + lines);
        }
        double spent = statement(out).get("epsilon_spent_at_most").getAsDouble();
        assertTrue(spent > 0 && spent <= 20.0001, "spent " + spent);
        assertTrue(statement(out).has("adapters"));
        Outcome over = own(out, settings);
        assertEquals(1, over.status());
        assertTrue(over.err().contains("has the ledgers of an earlier run"), over.err());
        Files.delete(ledgers(out).get(2));
        Outcome lost = resume(out, settings);
        assertEquals(1, lost.status(), lost.out());
        assertTrue(lost.err().contains("has 3 of 4 ledgers"), lost.err());
        Path again = folder.resolve("again");
        assertEquals(0, own(again, settings).status());
        assertNotEquals(adapter(out), adapter(again), "the noise is not that of the seed");
    }

    @Test
    void epsilon_withoutClip_saysThatAdaptersAreNotCovered() throws IOException {
        Path out = folder.resolve("centroids");
        Outcome outcome = own(out, "--epsilon", "500", "--clients", "4", "--fraction", "1", "--share", "0.1");
        assertEquals(0, outcome.status(), outcome.err() + outcome.out());
        assertTrue(outcome.out().contains("are NOT covered, set --clip"), outcome.out());
        assertFalse(statement(out).has("adapters"));
        for (Path ledger : ledgers(out)) {
            assertEquals(1, Files.readAllLines(ledger).size());
        }
    }

    @Test
    void epsilon_withASelectionThatSendsNoCentroids_isRefused() {
        for (String selection : List.of("random", "balanced", "full")) {
            Outcome outcome = own(folder.resolve(selection), "--epsilon", "8", "--selection", selection);
            assertEquals(2, outcome.status());
            assertTrue(outcome.err().contains("--epsilon needs --selection recommended or fedhds"), outcome.err());
        }
    }
}
