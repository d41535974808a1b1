package io.github.fedhds.privacy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
 * <p>A file is locked until the ledger is closed, so that no second process spends from it. Safe for many threads.
 */
public final class PrivacyLedger implements AutoCloseable {
    private static final long MOST_BYTES = 1L << 30;

    private final PrivacyBudget budget;
    private final NoiseSource source;
    private final Map<String, byte[]> released = new LinkedHashMap<>();
    private final @Nullable Path file;
    private final @Nullable FileChannel channel;
    private double squares;

    private PrivacyLedger(
            PrivacyBudget budget, NoiseSource source, @Nullable Path file, @Nullable FileChannel channel) {
        this.budget = Objects.requireNonNull(budget, "budget");
        this.source = Objects.requireNonNull(source, "source");
        this.file = file;
        this.channel = channel;
    }

    /**
     * A ledger that ends with the process, for simulations: a restarted client would spend again.
     *
     * @param source of the noise; {@link NoiseSource#repeatable} protects nothing
     */
    public static PrivacyLedger inMemory(PrivacyBudget budget, NoiseSource source) {
        return new PrivacyLedger(budget, source, null, null);
    }

    /**
     * The ledger in a file, which is created if it is missing; its folder must exist. Noise is secret. A line at the end that
     * was cut off is removed: its bytes never left. All released bytes are in memory, up to 1 GiB of file.
     *
     * @throws FedHdsException if the file cannot be read or locked, or another line is damaged
     */
    public static PrivacyLedger inFile(Path file, PrivacyBudget budget) {
        FileChannel channel = null;
        PrivacyLedger ledger;
        try {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            lock(channel, file);
            ledger = new PrivacyLedger(budget, NoiseSource.secret(), file, channel);
            ledger.read(channel, file);
        } catch (IOException e) {
            close(channel);
            throw FileFault.of(file, "the privacy ledger cannot be used", e);
        } catch (RuntimeException | Error e) {
            close(channel);
            throw e;
        }
        return ledger;
    }

    private static void lock(FileChannel channel, Path file) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return;
            }
        } catch (OverlappingFileLockException e) { // another ledger of this process
        }
        throw new FedHdsException(file + ": another client uses this privacy ledger; give each client its own file");
    }

    private static void close(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // nothing is written any more, and the process's end releases the lock
            }
        }
    }

    private void read(FileChannel from, Path of) throws IOException {
        if (from.size() > MOST_BYTES) {
            throw new FedHdsException(of + ": the privacy ledger has " + from.size() + " bytes, above the " + MOST_BYTES
                    + " that can be read; begin another one with what is left of the budget");
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(from.size()));
        while (bytes.hasRemaining() && from.read(bytes) >= 0) {}
        String text = new String(bytes.array(), StandardCharsets.UTF_8);
        int end = text.lastIndexOf('\n') + 1;
        int number = 0;
        for (String line : text.substring(0, end).lines().toList()) {
            number++;
            try {
                add(line);
            } catch (RuntimeException e) {
                throw new FedHdsException(
                        of + ": line " + number + " of the privacy ledger is damaged, so what was spent is not known;"
                                + " restore the file from a backup",
                        e);
            }
        }
        if (end < text.length()) {
            readLast(from, text, end);
        }
    }

    /** A whole line that only lacks its end counts; of one that was cut off, the bytes have never left. */
    private void readLast(FileChannel from, String text, int start) throws IOException {
        try {
            add(text.substring(start));
            AtomicFile.append(from, new byte[] {'\n'});
        } catch (RuntimeException e) {
            from.truncate(text.substring(0, start).getBytes(StandardCharsets.UTF_8).length);
        }
    }

    private void add(String line) {
        JsonObject json = JsonParser.parseString(line).getAsJsonObject();
        byte[] bytes = Base64.getDecoder().decode(json.get("bytes").getAsString());
        add(json.get("release").getAsString(), json.get("mu").getAsDouble(), bytes);
    }

    private void add(String name, double mu, byte[] bytes) {
        checkMu(mu);
        if (released.putIfAbsent(name, bytes) != null) {
            throw new IllegalArgumentException("release " + name + " is in the ledger twice");
        }
        squares += mu * mu;
    }

    private static void checkMu(double mu) {
        if (!(mu > 0 && mu < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("mu must be above 0 and finite, was " + mu);
        }
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
        byte[] known = released.get(name);
        if (known != null) {
            return known.clone();
        }
        checkMu(mu);
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
        JsonObject json = new JsonObject();
        json.addProperty("release", name);
        json.addProperty("mu", mu);
        json.addProperty("bytes", Base64.getEncoder().encodeToString(bytes));
        write(json + "\n");
        add(name, mu, bytes);
        return bytes.clone();
    }

    private void write(String line) {
        if (channel == null || file == null) {
            return;
        }
        try {
            AtomicFile.append(channel, line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw FileFault.of(file, "the privacy ledger cannot be written", e);
        }
    }

    /** Releases the file's lock. Later releases fail. */
    @Override
    public void close() {
        close(channel);
    }
}
