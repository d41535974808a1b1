package io.github.fedhds.monitoring;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.monitoring.internal.RoundJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Writes one JSON object per round, one per line, when the round ends: counts, loss, seconds, bytes, score, and the
 * adapter's SHA-256. An existing file is overwritten when the first round ends; a resumed run writes the past rounds
 * again from its checkpoint, so the file has each round once. For one federation; {@link ServerJsonLog} is for a
 * server.
 */
public final class JsonLinesListener implements RoundListener {
    private final Path file;
    private boolean begun;

    /** @param file the file; its folder is created when the first round ends, if it is missing */
    public JsonLinesListener(Path file) {
        this.file = file;
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        begin(past);
    }

    private void begin(List<RoundReport> past) {
        String lines = past.stream().map(JsonLinesListener::line).collect(Collectors.joining());
        AtomicFile.write(file, lines.getBytes(StandardCharsets.UTF_8));
        begun = true;
    }

    /** @throws FedHdsException if the file cannot be written */
    @Override
    public void closed(RoundReport report) {
        if (!begun) {
            begin(List.of());
        }
        try {
            Files.writeString(file, line(report), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw FileFault.of(file, "cannot be appended to", e);
        }
    }

    private static String line(RoundReport report) {
        return RoundJson.of(report) + "\n";
    }
}
