package io.github.fedhds.monitoring;

import com.google.gson.JsonObject;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.internal.RoundJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A file with the lines of {@link EventLines}, which has each round of a run once, also if the run was killed and resumed:
 * add it to the federation as a listener before the {@code EventLines} that write to it. A new run overwrites the file when
 * it begins. A resumed run removes the lines of the rounds that it runs again, and an incomplete line at the end; if a past
 * round lacks its line, it is written from the checkpoint.
 *
 * <p>Lines that come before the run begins are kept in memory until then, so that a run that is refused changes no file.
 * Safe for many threads.
 */
public final class EventFile implements RoundListener, Consumer<String> {
    private static final String EVENT = "event";
    private static final String OF_ROUND = "round";

    private final Path file;
    private final String run;
    private final List<String> waiting = new ArrayList<>();
    private boolean begun;

    /**
     * Names the file; its folder is created when the run begins, if it is missing.
     *
     * @param run name of the run, as in the {@code EventLines}
     */
    public EventFile(Path file, String run) {
        this.file = file;
        this.run = run;
    }

    /** @throws FedHdsException if the file cannot be read or written */
    @Override
    public synchronized void resumed(List<RoundReport> past, Optional<String> damage) {
        if (!begun) {
            begin(kept(past));
        }
    }

    @Override
    public void opened(RoundOpening opening) {
        beginAnew();
    }

    /** @throws FedHdsException if the file cannot be written */
    @Override
    public void closed(RoundReport report) {
        beginAnew(); // an exception of the call before is only logged
    }

    private synchronized void beginAnew() {
        if (!begun) {
            begin(new StringBuilder());
        }
    }

    private void begin(StringBuilder lines) {
        waiting.forEach(line -> lines.append(line).append('\n'));
        AtomicFile.write(file, lines.toString().getBytes(StandardCharsets.UTF_8));
        waiting.clear();
        begun = true;
    }

    /** The lines that stay, and those of past rounds that are missing. */
    private StringBuilder kept(List<RoundReport> past) {
        int last = past.get(past.size() - 1).round();
        StringBuilder lines = new StringBuilder();
        Set<Integer> there = new HashSet<>();
        if (Files.exists(file)) {
            try (BufferedReader reader = Files.newBufferedReader(file)) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    keep(line, last, lines, there);
                }
            } catch (IOException e) {
                throw FileFault.of(file, "cannot be read", e);
            }
        }
        EventLines missing = new EventLines(run, line -> {});
        for (RoundReport report : past) {
            if (!there.contains(report.round())) {
                lines.append(missing.line(report)).append('\n');
            }
        }
        return lines;
    }

    private void keep(String line, int last, StringBuilder lines, Set<Integer> there) {
        try {
            JsonObject event = JsonFile.parseObject(file.toString(), line);
            int round = event.has(RoundJson.ROUND) ? event.get(RoundJson.ROUND).getAsInt() : 0;
            if (round > last) {
                return;
            }
            if (event.get(EVENT).getAsString().equals(OF_ROUND) && !there.add(round)) {
                return;
            }
        } catch (FedHdsException | NullPointerException | UnsupportedOperationException | NumberFormatException e) {
            return; // not a line of events, such as one that a crash has cut
        }
        lines.append(line).append('\n');
    }

    /**
     * Appends a line.
     *
     * @throws FedHdsException if it cannot be written; the file is then as before
     */
    @Override
    public synchronized void accept(String line) {
        if (!begun) {
            waiting.add(line);
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long end = channel.size();
            channel.position(end);
            try {
                AtomicFile.writeFully(channel, bytes);
            } catch (IOException e) {
                channel.truncate(end); // no line may follow an incomplete one
                throw e;
            }
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be appended to", e);
        }
    }
}
