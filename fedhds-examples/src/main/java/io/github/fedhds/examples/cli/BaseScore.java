package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base model's score, kept in a file beside all that it depends on, so that a run with the same model, data and
 * settings does not compute it again. A file of other settings, or a damaged one, is replaced in one step.
 */
final class BaseScore {
    private static final Logger LOGGER = LoggerFactory.getLogger(BaseScore.class);
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private final Path file;
    private final Map<String, String> settings;

    /** The content of the file; null where the file has no such field. */
    private record Content(
            @Nullable Map<String, String> settings,
            @Nullable Double rougeL) {}

    /**
     * @param file where it is kept; need not exist
     * @param settings digests and settings that the score depends on
     */
    BaseScore(Path file, Map<String, String> settings) {
        this.file = file;
        this.settings = new TreeMap<>(settings);
    }

    /**
     * A score kept in the folder of a run, or in its feature cache, which keeps a score for each of several settings.
     *
     * @param run the run's folder; need not exist
     * @param cache the folder of its feature cache, if it has one
     */
    static BaseScore of(Path run, Optional<Path> cache, Map<String, String> settings) {
        Path file = cache.map(shared -> shared.resolve("base-score-" + Fingerprint.digest(settings) + ".json"))
                .orElse(run.resolve("base-score.json"));
        return new BaseScore(file, settings);
    }

    /** Where the score is kept. */
    Path file() {
        return file;
    }

    /** The score, if it is kept and its settings are these. */
    Optional<Double> kept() {
        try {
            Content content = PRETTY.fromJson(Files.readString(file), Content.class);
            return content != null && settings.equals(content.settings())
                    ? Optional.ofNullable(content.rougeL()).filter(score -> score >= 0 && score <= 1)
                    : Optional.empty();
        } catch (IOException | JsonParseException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The kept score, or else a new one, which is kept. If it cannot be written, a warning is logged. */
    double orCompute(DoubleSupplier evaluation) {
        return kept().orElseGet(() -> {
            double score = evaluation.getAsDouble();
            byte[] text = (PRETTY.toJson(new Content(settings, score)) + "\n").getBytes(StandardCharsets.UTF_8);
            try {
                AtomicFile.write(file, text);
            } catch (FedHdsException e) {
                LOGGER.warn("the base model's score is not kept: {}", e.getMessage());
            }
            return score;
        });
    }
}
