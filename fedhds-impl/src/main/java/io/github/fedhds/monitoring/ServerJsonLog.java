package io.github.fedhds.monitoring;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.RoundSummary;
import io.github.fedhds.ServerListener;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.internal.RoundJson;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes one JSON object per round of a server, one per line, when the round is over: counts, loss, withdrawals by
 * client, refusals by code, the reason of a void round, seconds, and the adapter's SHA-256.
 *
 * <p>The line is on disk before {@code aggregate} or {@code abandon} returns, so before the application can save the
 * server's state. A restored server repeats the rounds after its state. When it opens the first of them, the log
 * removes this run's lines from that round on, and an incomplete line left by a crash. So the log has each round of the
 * run exactly once. Lines of other runs stay.
 *
 * <p>If a line cannot be written, the server logs a warning, and the line is written together with the next one. The
 * file is read once per start. For one server at a time, whose calls come one at a time.
 */
public final class ServerJsonLog implements ServerListener {
    private final Path file;
    private final List<JsonObject> pending = new ArrayList<>();
    private String run = "";
    private int newest;
    private int first;
    private boolean repaired;

    /**
     * Creates a log in a file. File and folder are created if they are missing.
     *
     * @throws FedHdsException if the file cannot be written
     */
    public ServerJsonLog(Path file) {
        this.file = file;
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            append(""); // a folder in its place, or no right to write, shows here and not in a warning later
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be written", e);
        }
    }

    /** @throws FedHdsException if the file cannot be repaired */
    @Override
    public void opened(RoundOpening opening) {
        if (!opening.runId().equals(run) || opening.round() <= newest) {
            run = opening.runId();
            first = opening.round();
            repaired = false;
            pending.removeIf(this::comesAgain);
        }
        newest = opening.round();
        repair();
    }

    /** @throws FedHdsException if the line cannot be written */
    @Override
    public void ended(RoundSummary summary) {
        pending.add(RoundJson.of(summary));
        repair();
        StringBuilder lines = new StringBuilder();
        pending.forEach(line -> lines.append(line).append('\n'));
        try {
            append(lines.toString());
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be appended to", e);
        }
        pending.clear();
    }

    /** Writes all or nothing, so that no line follows an incomplete one. */
    private void append(String lines) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            AtomicFile.append(channel, lines.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Removes the lines of rounds that will be repeated, and an incomplete line at the end. */
    private void repair() {
        if (repaired) {
            return;
        }
        String text;
        try {
            text = Files.exists(file) ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be read", e);
        }
        StringBuilder kept = new StringBuilder();
        for (int from = 0; from < text.length(); ) {
            int end = text.indexOf('\n', from);
            String line = text.substring(from, end < 0 ? text.length() : end);
            if (end >= 0 ? !comesAgain(line) : isWhole(line) && !comesAgain(line)) {
                kept.append(line).append('\n');
            }
            from = end < 0 ? text.length() : end + 1;
        }
        if (!kept.toString().equals(text)) {
            AtomicFile.write(file, kept.toString().getBytes(StandardCharsets.UTF_8));
        }
        repaired = true;
    }

    private boolean isWhole(String line) {
        try {
            JsonFile.parseObject(file.toString(), line);
            return true;
        } catch (FedHdsException e) {
            return false;
        }
    }

    /** Whether the line is of a round that will be repeated; false for other lines, which are kept. */
    private boolean comesAgain(String line) {
        try {
            return comesAgain(JsonFile.parseObject(file.toString(), line));
        } catch (RuntimeException e) { // not a line of this log
            return false;
        }
    }

    private boolean comesAgain(JsonObject line) {
        return line.has(RoundJson.RUN)
                && line.get(RoundJson.RUN).getAsString().equals(run)
                && line.get(RoundJson.ROUND).getAsInt() >= first;
    }
}
