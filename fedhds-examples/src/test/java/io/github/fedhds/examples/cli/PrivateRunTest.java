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
        assertTrue(
                outcome.out().matches("(?s).*round 2 of 2: .* samples, epsilon [0-9.]+ of 20.0 spent, .*"),
                outcome.out());
        assertFalse(outcome.out().contains("NaN"), outcome.out());
        assertTrue(Files.readString(out.resolve("rounds.jsonl")).contains("\"privacy\":{\"epsilon\":"));
        assertEquals(4, ledgers(out).size());
        for (Path ledger : ledgers(out)) {
            int lines = Files.readAllLines(ledger).size();
            assertTrue(lines >= 3 && lines <= 5, "its name, reports of two rounds, and updates: " + lines);
        }
        double spent = statement(out).get("epsilon_spent_at_most").getAsDouble();
        assertTrue(spent > 0 && spent <= 20.0001, "spent " + spent);
        assertTrue(statement(out).has("adapters"));
        assertTrue(outcome.out().contains("expect nothing to be learnt"), outcome.out());
        Outcome plain = own(out, "--clients", "4", "--fraction", "1", "--share", "0.1");
        assertEquals(1, plain.status(), "the statement would stand beside an adapter without noise");
        assertTrue(plain.err().contains("has the ledgers of an earlier run"), plain.err());
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
            assertEquals(2, Files.readAllLines(ledger).size(), "its name and a report");
        }
    }

    @Test
    void secureAggregation_givesNearlyTheSameAdapter_andSaysWhatItHides() throws IOException {
        String[] settings = {"--rounds", "2", "--clients", "5", "--fraction", "1", "--share", "0.2"};
        Path plain = folder.resolve("plain");
        assertEquals(0, own(plain, settings).status());
        Path out = folder.resolve("secure");
        Outcome outcome = own(out, with(settings, "--secure-aggregation", ""));
        assertEquals(0, outcome.status(), outcome.err() + outcome.out());
        assertTrue(outcome.out().contains("and no single adapter"), outcome.out());
        assertTrue(outcome.out().contains("loss "), "the mean loss is part of the sum: " + outcome.out());
        assertTrue(statement(out).get("secure_aggregation").getAsString().contains("3 clients or more"));
        assertFalse(statement(out).has("epsilon"));
        assertNotEquals(adapter(plain), adapter(out), "rounded");
        Path again = folder.resolve("secure again");
        assertEquals(0, own(again, with(settings, "--secure-aggregation", "")).status());
        assertEquals(adapter(out), adapter(again), "keys and masks change nothing");
        assertEquals(0, own(again, settings).status(), "nothing was spent");
        assertFalse(Files.exists(again.resolve("privacy/statement.json")), "of another run");
        Path few = folder.resolve("few");
        Outcome two = own(few, with(settings, "--secure-aggregation", "", "--clients", "2"));
        assertEquals(1, two.status());
        assertTrue(
                two.err().contains("--secure-aggregation needs 3 clients or more in a round, and there are 2"),
                two.err());
        assertFalse(Files.exists(few));
    }

    @Test
    void noiseByServer_coversTheAdaptersOnly_andStopsAtTheBudget() throws IOException {
        Path out = folder.resolve("server");
        String[] settings = {
            "--selection",
            "balanced",
            "--epsilon",
            "50",
            "--noise-by",
            "server",
            "--clip",
            "1",
            "--clients",
            "4",
            "--fraction",
            "1"
        };
        Outcome outcome = own(out, with(settings, "--share", "0.2", "--rounds", "2"));
        assertEquals(0, outcome.status(), outcome.err() + outcome.out());
        assertTrue(outcome.out().contains("but not against the server"), outcome.out());
        assertTrue(outcome.out().contains("epsilon 50.000 of 50.0 spent"), outcome.out());
        assertTrue(ledgers(out).isEmpty());
        assertEquals(50, statement(out).get("epsilon_spent_at_most").getAsDouble(), 1e-3);
        Outcome again = resume(out, with(settings, "--share", "0.2", "--rounds", "2"));
        assertEquals(0, again.status(), again.err());
        assertEquals(
                50, statement(out).get("epsilon_spent_at_most").getAsDouble(), 1e-3, "after a resume of what is done");
        Outcome other = resume(out, with(settings, "--share", "0.2", "--rounds", "2", "--epsilon", "1"));
        assertEquals(1, other.status());
        assertEquals(50, statement(out).get("epsilon").getAsDouble(), "of the run, not of one that was refused");
        Outcome twice = own(out, with(settings, "--share", "0.2", "--rounds", "2"));
        assertEquals(1, twice.status());
        assertTrue(twice.err().contains("has the statement of an earlier run"), twice.err());
        Outcome random = own(folder.resolve("random server"), with(settings, "--selection", "random"));
        assertEquals(0, random.status(), random.err());
    }

    @Test
    void measuresThatDoNotGoTogether_areRefused() {
        Path out = folder.resolve("refused");
        for (String[] wrong : new String[][] {
            {"--noise-by server needs --clip", "--epsilon", "8", "--noise-by", "server"},
            {
                "--noise-by server needs --selection random, balanced or full",
                "--epsilon",
                "8",
                "--noise-by",
                "server",
                "--clip",
                "1"
            },
            {"--noise-by needs --epsilon", "--noise-by", "server"},
            {"--clip needs --epsilon or --secure-aggregation", "--clip", "1"},
            {"--clip must be above 0", "--secure-aggregation", "", "--clip", "0"},
            {
                "does not show",
                "--secure-aggregation",
                "",
                "--epsilon",
                "8",
                "--noise-by",
                "server",
                "--clip",
                "1",
                "--selection",
                "full"
            },
            {
                "--report-centroids needs --noise-by clients",
                "--selection",
                "full",
                "--epsilon",
                "8",
                "--noise-by",
                "server",
                "--clip",
                "1",
                "--report-centroids",
                "3"
            },
        }) {
            Outcome outcome = own(out, java.util.Arrays.copyOfRange(wrong, 1, wrong.length));
            assertEquals(2, outcome.status());
            assertTrue(outcome.err().contains(wrong[0]), outcome.err());
        }
        assertFalse(Files.exists(out));
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
