package io.github.fedhds.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server counts each accepted message once, and knows what it counted after a restart. */
class ServerAccountTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final CentroidNoise CENTROIDS = CentroidNoise.of(4, Bound.clip(1), 10);
    private static final UpdateNoise UPDATES = new UpdateNoise(1, 5);

    @TempDir
    Path folder;

    private ServerAccount account() {
        return ServerAccount.inFile(folder.resolve("account.jsonl"), 1e-5, CENTROIDS, UPDATES);
    }

    private static CentroidReport report(int round, ClientId client) {
        return new CentroidReport("run", round, client, List.of(new Centroid(0, new double[3])), 0, "opening");
    }

    @Test
    void acceptedMessages_areCountedOnce_alsoAfterARestart() throws IOException {
        double report = CENTROIDS.mu(3);
        double update = UPDATES.mu();
        try (ServerAccount account = account()) {
            CentroidReport first = report(1, A);
            account.answered(first, Receipt.accepted(first));
            account.answered(first, Receipt.alreadyHad(first));
            account.answered(report(2, A), Receipt.refused(report(2, A), Refusal.LATE, ""));
            AdapterUpdate sent = new AdapterUpdate("run", 1, A, Adapter.empty(), 1, 0);
            account.answered(sent, Receipt.accepted(sent));
            assertEquals(GaussianPrivacy.epsilon(Math.hypot(report, update), 1e-5), account.epsilon(A), 1e-9);
            assertEquals(0, account.epsilon(B));
            SumPart masked = new SumPart("run", 1, B, MessageKind.MASKED_UPDATE, Map.of());
            account.answered(masked, Receipt.accepted(masked));
            assertEquals(GaussianPrivacy.epsilon(update, 1e-5), account.epsilon(B), 1e-9);
            assertThrows(FedHdsException.class, this::account, "one server at a time");
        }
        try (ServerAccount again = account()) {
            again.answered(report(1, A), Receipt.accepted(report(1, A))); // the round was opened again
            assertEquals(GaussianPrivacy.epsilon(Math.hypot(report, update), 1e-5), again.epsilon(A), 1e-9);
            assertEquals(GaussianPrivacy.epsilon(update, 1e-5), again.epsilon(B), 1e-9);
        }
        assertEquals(3, Files.readAllLines(folder.resolve("account.jsonl")).size());
        assertThrows(
                IllegalArgumentException.class, () -> ServerAccount.inFile(folder.resolve("x"), 0, CENTROIDS, UPDATES));
    }

    @Test
    void messagesWithoutNoise_areNotCounted() {
        try (ServerAccount account = ServerAccount.inFile(folder.resolve("x"), 1e-5, null, UPDATES)) {
            account.answered(report(1, A), Receipt.accepted(report(1, A)));
            assertEquals(0, account.epsilon(A));
        }
    }
}
