package io.github.fedhds.privacy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerListener;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server's account of what each client has spent on the messages that the server has accepted: one line of JSON for each, on disk before
 * the receipt leaves. A client's own {@link PrivacyLedger} decides what it sends; it may have spent more, on messages that did not arrive. Add it to the
 * server's listeners. Safe for many threads.
 */
public final class ServerAccount implements ServerListener, AutoCloseable {
    private static final String CLIENT = "client";
    private static final String RELEASE = "release";
    private static final String MU = "mu";

    private final Path path;
    private final LedgerFile file;
    private final double delta;
    private final Optional<CentroidNoise> centroids;
    private final Optional<UpdateNoise> updates;
    private final Map<ClientId, Double> squares = new HashMap<>();
    private final Set<String> counted = new HashSet<>();

    private ServerAccount(
            Path path,
            LedgerFile file,
            double delta,
            Optional<CentroidNoise> centroids,
            Optional<UpdateNoise> updates) {
        this.path = path;
        this.file = file;
        this.delta = delta;
        this.centroids = centroids;
        this.updates = updates;
    }

    /**
     * The account in a file, which is created if it is missing; its folder must exist.
     *
     * @param delta for {@link #epsilon}
     * @param centroids noise on reports; null if there is none, and then reports are not counted
     * @param updates noise on updates; null likewise
     * @throws FedHdsException if the file cannot be read or locked, or a line but the last is damaged
     */
    public static ServerAccount inFile(
            Path path, double delta, @Nullable CentroidNoise centroids, @Nullable UpdateNoise updates) {
        GaussianPrivacy.checkDelta(delta);
        try {
            LedgerFile file = LedgerFile.open(path);
            ServerAccount account =
                    new ServerAccount(path, file, delta, Optional.ofNullable(centroids), Optional.ofNullable(updates));
            try {
                file.read(path, account::read);
                return account;
            } catch (IOException | RuntimeException | Error e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw FileFault.of(path, "the server's privacy account cannot be used", e);
        }
    }

    private void read(LedgerFile.Line line) {
        JsonObject json = JsonParser.parseString(line.text()).getAsJsonObject();
        add(
                new ClientId(json.get(CLIENT).getAsString()),
                json.get(RELEASE).getAsString(),
                json.get(MU).getAsDouble());
    }

    private void add(ClientId client, String release, double mu) {
        GaussianPrivacy.checkMu(mu);
        if (counted.add(release)) {
            squares.merge(client, mu * mu, Double::sum);
        }
    }

    /** Epsilon of a client's messages so far; 0 if none was accepted. */
    public synchronized double epsilon(ClientId client) {
        double sum = squares.getOrDefault(client, 0.0);
        return sum == 0 ? 0 : GaussianPrivacy.epsilon(Math.sqrt(sum), delta);
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        if (!receipt.counts()) {
            return;
        }
        if (message instanceof CentroidReport report && !report.centroids().isEmpty()) {
            int dimensions = report.centroids().get(0).point().length;
            centroids.ifPresent(noise -> count(report, report.openingDigest(), noise.mu(dimensions)));
        } else if (message instanceof AdapterUpdate update) {
            updates.ifPresent(noise -> count(update, update.selectionDigest(), noise.mu()));
        } else if (message.kind() == MessageKind.MASKED_UPDATE) {
            updates.ifPresent(noise -> count(message, "", noise.mu()));
        }
    }

    /** The same message that answers the same one is one release, also after a restart of the server. */
    private synchronized void count(Message message, String answers, double mu) {
        ClientId client = Objects.requireNonNull(message.party()).orElseThrow();
        String release = message.kind() + " of client " + client + " in round " + message.round() + " of run "
                + message.runId() + " to " + answers;
        if (counted.contains(release)) {
            return;
        }
        JsonObject json = new JsonObject();
        json.addProperty(CLIENT, client.value());
        json.addProperty(RELEASE, release);
        json.addProperty(MU, mu);
        try {
            file.append(json.toString());
        } catch (IOException e) {
            throw FileFault.of(path, "the server's privacy account cannot be written", e);
        }
        add(client, release, mu);
    }

    /** Releases the file's lock. */
    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw FileFault.of(path, "the server's privacy account cannot be closed", e);
        }
    }
}
