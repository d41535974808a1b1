package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was spent is on disk before bytes leave, equal releases give equal bytes, and nothing exceeds the budget. */
class PrivacyLedgerTest {
    private static final PrivacyBudget BUDGET = new PrivacyBudget(2, 1e-5);

    private static final ClientId CLIENT = new ClientId("client \u00e4");

    private static final String FIRST = "{\"ledger_of\":\"client \u00e4\"}\n";

    @TempDir
    Path folder;

    private final AtomicInteger drawn = new AtomicInteger();

    private final Function<NoiseSource, byte[]> noise = source -> new byte[] {(byte) drawn.incrementAndGet(), 7};

    private Path file() {
        return folder.resolve("ledger.jsonl");
    }

    @Test
    void release_again_givesTheSameBytesAndCostsNothing() {
        try (PrivacyLedger ledger = PrivacyLedger.inMemory(BUDGET, NoiseSource.secret())) {
            assertEquals(0, ledger.epsilon());
            byte[] first = ledger.release("a", 0.1, noise);
            double spent = ledger.epsilon();
            assertEquals(GaussianPrivacy.epsilon(0.1, 1e-5), spent);
            first[0] = 99; // a caller's own copy
            assertArrayEquals(new byte[] {1, 7}, ledger.release("a", 0.1, noise));
            assertEquals(spent, ledger.epsilon());
            ledger.release("b", 0.2, noise);
            assertEquals(GaussianPrivacy.epsilon(Math.hypot(0.1, 0.2), 1e-5), ledger.epsilon(), 1e-9);
            assertEquals(2, ledger.releases());
        }
    }

    @Test
    void release_aPlanOfEqualReleases_endsAtTheBudget() {
        for (int rounds : new int[] {1, 7, 40}) {
            double mu = 1 / BUDGET.noise(1, rounds);
            PrivacyLedger ledger = PrivacyLedger.inMemory(BUDGET, NoiseSource.secret());
            for (int i = 0; i < rounds; i++) {
                ledger.release("round " + i, mu, noise);
            }
            assertEquals(2, ledger.epsilon(), 1e-6);
            int before = drawn.get();
            FedHdsException e = assertThrows(BudgetSpentException.class, () -> ledger.release("one more", mu, noise));
            assertTrue(
                    String.valueOf(e.getMessage()).contains("budget of 2.0")
                            && String.valueOf(e.getMessage()).contains(rounds + " releases"),
                    e.getMessage());
            assertEquals(before, drawn.get(), "no noise is drawn");
            assertEquals(rounds, ledger.releases());
        }
    }

    @Test
    void file_afterARestart_hasAllThatWasSpent() throws IOException {
        byte[] first;
        double spent;
        try (PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
            first = ledger.release("a", 0.1, noise);
            ledger.release("b", 0.1, noise);
            spent = ledger.epsilon();
        }
        try (PrivacyLedger again = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
            assertEquals(spent, again.epsilon());
            assertArrayEquals(first, again.release("a", 0.1, noise));
            assertEquals(2, drawn.get());
        }
        assertEquals(3, Files.readAllLines(file()).size());
    }

    /** A process that was killed while it wrote a line had not released it. */
    @Test
    void file_cutAtAnyByte_hasTheWholeLines() throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
            ledger.release("a", 0.1, noise);
            ledger.release("b", 0.1, noise);
        }
        byte[] all = Files.readAllBytes(file());
        int line = FIRST.getBytes(StandardCharsets.UTF_8).length;
        while (all[line++] != '\n') {}
        for (int length = 0; length <= all.length; length++) {
            Files.write(file(), Arrays.copyOf(all, length));
            try (PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
                int whole = length >= all.length - 1 ? 2 : length >= line - 1 ? 1 : 0;
                assertEquals(whole, ledger.releases(), "length " + length);
                ledger.release("c", 0.1, noise);
            }
            try (PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
                assertEquals((length >= all.length - 1 ? 2 : length >= line - 1 ? 1 : 0) + 1, ledger.releases());
            }
        }
    }

    @Test
    void file_damaged_isRefused() throws IOException {
        List<String> damages = List.of(
                "nonsense\n",
                "{}\n",
                "{\"release\":\"a\",\"mu\":-1,\"bytes\":\"\"}\n",
                "{\"release\":\"a\",\"mu\":1,\"bytes\":\"***\"}\n",
                "{\"release\":\"a\",\"mu\":0.1,\"bytes\":\"\"}\n{\"release\":\"a\",\"mu\":0.1,\"bytes\":\"\"}\n");
        for (String damage : damages) {
            Files.writeString(file(), FIRST + damage);
            FedHdsException e =
                    assertThrows(FedHdsException.class, () -> PrivacyLedger.inFile(file(), CLIENT, BUDGET), damage);
            assertTrue(String.valueOf(e.getMessage()).contains("line"), e::getMessage);
            assertEquals(FIRST + damage, Files.readString(file()), "the file is not changed");
        }
    }

    @Test
    void file_ofAnotherClient_isRefused() throws IOException {
        PrivacyLedger.inFile(file(), CLIENT, BUDGET).close();
        ClientId other = new ClientId("other");
        FedHdsException e = assertThrows(FedHdsException.class, () -> PrivacyLedger.inFile(file(), other, BUDGET));
        assertTrue(
                String.valueOf(e.getMessage()).contains("the privacy ledger of client " + CLIENT + ", not of other"),
                e::getMessage);
        Files.writeString(file(), "{\"release\":\"a\",\"mu\":1,\"bytes\":\"\"}\n");
        assertThrows(FedHdsException.class, () -> PrivacyLedger.inFile(file(), CLIENT, BUDGET));
    }

    @Test
    void file_usedTwice_isRefused() {
        try (PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET)) {
            assertThrows(FedHdsException.class, () -> PrivacyLedger.inFile(file(), CLIENT, BUDGET));
            assertEquals(0, ledger.releases());
        }
        PrivacyLedger.inFile(file(), CLIENT, BUDGET).close();
    }

    @Test
    void closed_ledger_releasesNothingNew() {
        PrivacyLedger ledger = PrivacyLedger.inFile(file(), CLIENT, BUDGET);
        ledger.close();
        assertThrows(FedHdsException.class, () -> ledger.release("a", 0.1, noise));
        assertEquals(0, ledger.releases(), "nothing is spent that was not written");
    }

    @Test
    void badValues_areNamed() {
        PrivacyLedger ledger = PrivacyLedger.inMemory(BUDGET, NoiseSource.secret());
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> ledger.release("a", bad, noise), "mu " + bad);
            assertThrows(IllegalArgumentException.class, () -> new PrivacyBudget(bad, 0.1));
            assertThrows(IllegalArgumentException.class, () -> BUDGET.noise(bad, 1));
        }
        assertEquals(0, drawn.get(), "no noise is drawn");
        assertThrows(IllegalArgumentException.class, () -> new PrivacyBudget(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new PrivacyBudget(1, 1));
        assertThrows(IllegalArgumentException.class, () -> BUDGET.noise(1, 0));
        assertThrows(FedHdsException.class, () -> PrivacyLedger.inFile(folder.resolve("none/ledger"), CLIENT, BUDGET));
    }
}
