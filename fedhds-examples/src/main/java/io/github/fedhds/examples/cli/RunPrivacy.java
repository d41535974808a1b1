package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The privacy of a run in its folder: the ledgers of the clients, and a statement of what is promised. */
final class RunPrivacy implements RoundListener, AutoCloseable {
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private static final String STATEMENT = "statement.json";
    private static final String EPSILON = "epsilon";

    private final Path folder;
    private final PrintStream out;
    private final PrivacyMeasures measures;
    private final Map<ClientId, Path> files = new LinkedHashMap<>();
    private final Map<ClientId, PrivacyLedger> ledgers = new LinkedHashMap<>(); // of the present round
    private double spent; // of the client that has spent most, or of the adapters

    RunPrivacy(Path folder, PrintStream out, PrivacyMeasures measures) {
        this.folder = folder.resolve("privacy");
        this.out = out;
        this.measures = measures;
    }

    private List<Path> files(int clients) {
        return IntStream.range(0, clients)
                .mapToObj(number -> folder.resolve(String.format(Locale.ROOT, "client-%05d.jsonl", number)))
                .toList();
    }

    /**
     * Before a new run in a folder, with measures or without: refuses one where an earlier run has spent a budget, and removes the
     * statement of one without a budget, which is not that of the new run.
     */
    static void startAnew(Path runFolder) {
        Path folder = runFolder.resolve("privacy");
        Path statement = folder.resolve(STATEMENT);
        try {
            boolean ledgers = Files.isDirectory(folder) && hasLedgers(folder);
            boolean spent = Files.exists(statement)
                    && JsonParser.parseString(Files.readString(statement))
                            .getAsJsonObject()
                            .has(EPSILON);
            if (ledgers || spent) {
                throw new FedHdsException(folder + " has the " + (ledgers ? "ledgers" : "statement")
                        + " of an earlier run, which say what was spent on these data; name another folder with --out, or go on"
                        + " by --resume");
            }
            Files.deleteIfExists(statement);
        } catch (IOException | JsonParseException | IllegalStateException e) {
            throw new FedHdsException(statement + " cannot be read: " + e + "; name another folder with --out", e);
        }
    }

    private static boolean hasLedgers(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> file.toString().endsWith(".jsonl"));
        }
    }

    /**
     * Refuses a run that goes on without one of its ledgers, since what was spent would be lost.
     *
     * @param resumed whether {@code --resume} is given
     * @param begins whether the folder has no checkpoint
     */
    void check(int clients, boolean resumed, boolean begins) {
        if (measures.isOfClients() && resumed && !begins && !Files.exists(folder.resolve(STATEMENT))) {
            throw new FedHdsException("the run in " + folder.getParent()
                    + " was made without --epsilon; resume it without, or name another folder with --out");
        }
        long there = files(clients).stream().filter(Files::exists).count();
        if (measures.isOfClients() && resumed && !begins && there < clients) {
            throw new FedHdsException(folder + " has " + there + " of " + clients
                    + " ledgers, so what this run has spent is not known; restore the folder from a backup");
        }
    }

    /** Opens the ledger of each client, if there are some, and prints what is promised. */
    void open(Collection<ClientId> clients) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new FedHdsException(folder + ": it cannot be written; name another folder with --out", e);
        }
        if (measures.isOfClients()) {
            Iterator<Path> file = files(clients.size()).iterator();
            clients.forEach(client -> files.put(client, file.next()));
            clients.forEach(
                    client -> { // so that damage is found before the first round
                        ledger(client);
                        closeLedgers();
                    });
        }
        out.println("privacy: " + measures.promise());
        measures.warning().ifPresent(warning -> out.println("privacy: " + warning));
    }

    @Override
    public void opened(RoundOpening opening) {
        write();
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        past.get(past.size() - 1).privacy().ifPresent(last -> spent = Math.max(spent, last.epsilon()));
        write();
    }

    /** The ledger of a client, which is open to the end of the round: thousands of open files are too many. */
    synchronized PrivacyLedger ledger(ClientId client) {
        PrivacyLedger ledger = ledgers.get(client);
        if (ledger == null) {
            Path file = Objects.requireNonNull(files.get(client), () -> "ledger of client " + client);
            ledger = PrivacyLedger.inFile(file, client, measures.budget().orElseThrow());
            ledgers.put(client, ledger);
        }
        return ledger;
    }

    private synchronized void closeLedgers() {
        ledgers.values().forEach(ledger -> {
            spent = Math.max(spent, ledger.epsilon());
            ledger.close();
        });
        ledgers.clear();
    }

    @Override
    public void closed(RoundReport report) {
        closeLedgers();
        report.privacy().ifPresent(last -> spent = Math.max(spent, last.epsilon()));
        write();
    }

    /** Who sees what, and which number is promised. */
    private synchronized void write() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("promise", measures.promise());
        all.putAll(measures.numbers());
        if (measures.budget().isPresent()) {
            double most = measures.budget().get().epsilon(); // which rounding may exceed
            all.put("epsilon_spent_at_most", Math.min(most, spent));
        }
        all.put("not_covered", measures.notCovered());
        Path file = folder.resolve(STATEMENT);
        Path part = folder.resolve(STATEMENT + ".part");
        try {
            Files.writeString(part, PRETTY.toJson(all) + "\n");
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new FedHdsException(file + " cannot be written: " + e, e);
        }
    }

    @Override
    public void close() {
        closeLedgers();
    }
}
