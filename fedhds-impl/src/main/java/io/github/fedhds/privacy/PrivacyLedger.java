package io.github.fedhds.privacy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The privacy account of one client: what its releases have spent, and the noised bytes of each. A release is written before
 * its bytes leave, and the same release gives the same bytes again: a repeated message costs nothing, and a killed process
 * neither forgets what it has spent nor draws other noise for data that it has released.
 *
 * <p>Spending adds up exactly for Gaussian noise: the releases together have the root of the sum of their squared mu ({@link
 * GaussianPrivacy}). Other participation than what releases show, such as that a client answers at all, is not counted.
 *
 * <p>A file is locked until the ledger is closed, so that no second process spends from it. Released bytes stay in the file; memory has
 * some hundred bytes for each release. Safe for many threads.
 */
public final class PrivacyLedger implements AutoCloseable {
    private static final String CLIENT = "ledger_of";
    private static final String RELEASE = "release";
    private static final String MU = "mu";
    private static final String BYTES = "bytes";

    private final PrivacyBudget budget;
    private final NoiseSource source;
    private final @Nullable Path path;
    private final @Nullable LedgerFile file;
    private final Map<String, Released> released = new LinkedHashMap<>();
    private Optional<ClientId> client = Optional.empty();
    private double squares;

    /** Where the bytes of a release are: in memory, or in a line of the file. */
    private record Released(byte @Nullable [] bytes, long start, int length) {}

    private PrivacyLedger(PrivacyBudget budget, NoiseSource source, @Nullable Path path, @Nullable LedgerFile file) {
        this.budget = Objects.requireNonNull(budget, "budget");
        this.source = Objects.requireNonNull(source, "source");
        this.path = path;
        this.file = file;
    }

    /**
     * A ledger that ends with the process, for simulations: a restarted client would spend again. It keeps all released bytes.
     *
     * @param source of the noise; {@link NoiseSource#repeatable} protects nothing
     */
    public static PrivacyLedger inMemory(PrivacyBudget budget, NoiseSource source) {
        return new PrivacyLedger(budget, source, null, null);
    }

    /**
     * The ledger of a client in a file, which is created if it is missing; its folder must exist. Noise is secret. A line at the end
     * that was cut off is removed: its bytes never left.
     *
     * @throws FedHdsException if the file cannot be read or locked, is the ledger of another client, or another line is damaged
     */
    public static PrivacyLedger inFile(Path path, ClientId client, PrivacyBudget budget) {
        Objects.requireNonNull(client, "client");
        LedgerFile file = null;
        try {
            file = LedgerFile.open(path);
            PrivacyLedger ledger = new PrivacyLedger(budget, NoiseSource.secret(), path, file);
            file.read(path, ledger::read);
            ledger.begin(client);
            return ledger;
        } catch (IOException e) {
            close(file);
            throw FileFault.of(path, "the privacy ledger cannot be used", e);
        } catch (RuntimeException | Error e) {
            close(file);
            throw e;
        }
    }

    private static void close(@Nullable LedgerFile file) {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                // nothing is written any more, and the process's end releases the lock
            }
        }
    }

    private void read(LedgerFile.Line line) {
        JsonObject json = JsonParser.parseString(line.text()).getAsJsonObject();
        if (client.isEmpty()) {
            client = Optional.of(new ClientId(json.get(CLIENT).getAsString()));
            return;
        }
        bytes(json); // so that damage is found now
        int length = line.text().getBytes(StandardCharsets.UTF_8).length;
        add(json.get(RELEASE).getAsString(), json.get(MU).getAsDouble(), new Released(null, line.start(), length));
    }

    private static byte[] bytes(JsonObject json) {
        return Base64.getDecoder().decode(json.get(BYTES).getAsString());
    }

    /** The first line of a new file names its client. */
    private void begin(ClientId of) throws IOException {
        if (client.isEmpty()) {
            JsonObject json = new JsonObject();
            json.addProperty(CLIENT, of.value());
            Objects.requireNonNull(file).append(json.toString());
            client = Optional.of(of);
        }
        requireOf(of);
    }

    /**
     * Refuses to spend from the account of another client. A ledger in memory is of the client that it is given to.
     *
     * @throws FedHdsException if the file is the ledger of another client
     */
    public void requireOf(ClientId id) {
        client.filter(of -> !of.equals(id)).ifPresent(of -> {
            throw new FedHdsException(path + ": this is the privacy ledger of client " + of + ", not of " + id
                    + "; give each client its own file");
        });
    }

    private void add(String name, double mu, Released bytes) {
        GaussianPrivacy.checkMu(mu);
        if (released.putIfAbsent(name, bytes) != null) {
            throw new IllegalArgumentException("release " + name + " is in the ledger twice");
        }
        squares += mu * mu;
    }

    /** What may be spent. */
    public PrivacyBudget budget() {
        return budget;
    }

    /** Whether the noise is secret; if not, the releases protect nothing. */
    public boolean isSecret() {
        return source.isSecret();
    }

    /** Number of releases. */
    public synchronized int releases() {
        return released.size();
    }

    /** Epsilon of all releases so far, at the budget's delta; 0 if there are none. */
    public synchronized double epsilon() {
        return epsilon(squares);
    }

    private double epsilon(double sum) {
        return sum == 0 ? 0 : GaussianPrivacy.epsilon(Math.sqrt(sum), budget.delta());
    }

    /**
     * The noised bytes of a release: those of the ledger if it has this release, otherwise new ones, which are on disk when this
     * returns.
     *
     * @param name what is released, equal for equal releases only: kind, run, round and the message that is answered
     * @param mu sensitivity by standard deviation of the noise, above 0
     * @param noised makes the bytes with noise of the given source; called if the release is new and the budget suffices
     * @throws BudgetSpentException if the budget does not suffice; nothing is spent then
     * @throws FedHdsException if the ledger cannot be written; nothing must leave then
     */
    public synchronized byte[] release(String name, double mu, Function<NoiseSource, byte[]> noised) {
        Released known = released.get(name);
        if (known != null) {
            return bytes(known);
        }
        GaussianPrivacy.checkMu(mu);
        double after = epsilon(squares + mu * mu);
        if (!(after <= budget.epsilon() * (1 + 1e-9))) { // a plan of equal releases ends at the budget, up to rounding
            throw new BudgetSpentException(String.format(
                    Locale.ROOT,
                    "the release would bring epsilon to %.3f at delta %s, above the budget of %s; %d releases have spent %.3f."
                            + " Raise the budget, or plan the noise for more rounds",
                    after,
                    budget.delta(),
                    budget.epsilon(),
                    released.size(),
                    epsilon(squares)));
        }
        byte[] bytes = noised.apply(source.forRelease(name));
        add(name, mu, written(name, mu, bytes));
        return bytes.clone();
    }

    private Released written(String name, double mu, byte[] bytes) {
        if (file == null) {
            return new Released(bytes, 0, 0);
        }
        JsonObject json = new JsonObject();
        json.addProperty(RELEASE, name);
        json.addProperty(MU, mu);
        json.addProperty(BYTES, Base64.getEncoder().encodeToString(bytes));
        String line = json.toString();
        try {
            return new Released(null, file.append(line), line.getBytes(StandardCharsets.UTF_8).length);
        } catch (IOException e) {
            throw FileFault.of(Objects.requireNonNull(path), "the privacy ledger cannot be written", e);
        }
    }

    private byte[] bytes(Released of) {
        if (of.bytes() != null) {
            return of.bytes().clone();
        }
        try {
            String line = Objects.requireNonNull(file).line(of.start(), of.length());
            return bytes(JsonParser.parseString(line).getAsJsonObject());
        } catch (IOException e) {
            throw FileFault.of(Objects.requireNonNull(path), "the privacy ledger cannot be read", e);
        }
    }

    /** Releases the file's lock. Later calls of {@link #release} fail. */
    @Override
    public void close() {
        close(file);
    }
}
