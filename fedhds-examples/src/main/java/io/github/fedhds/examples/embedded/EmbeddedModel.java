package io.github.fedhds.examples.embedded;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The base model in this module's class path; created by {@link PretrainEmbedded}. */
public final class EmbeddedModel {
    private static final List<String> FILES =
            List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private EmbeddedModel() {}

    /**
     * Loads the model. Copies the files to a temporary folder, which is deleted before this returns.
     *
     * @throws FedHdsException if a file is not in the class path or cannot be written
     * @throws IllegalArgumentException if the device does not exist
     */
    public static LanguageModel load(ModelOptions options) {
        try {
            Path folder = Files.createTempDirectory("fedhds");
            try {
                return LanguageModel.load(unpack(folder), options);
            } finally {
                for (String file : FILES) {
                    Files.deleteIfExists(folder.resolve(file));
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new FedHdsException("cannot use a temporary folder for the embedded model", e);
        }
    }

    /**
     * Copies the model to a folder, from which models are loaded.
     *
     * @throws FedHdsException if a file is not in the class path or cannot be written
     */
    public static Path unpack(Path folder) {
        try {
            Files.createDirectories(folder);
            for (String file : FILES) {
                try (InputStream in = EmbeddedModel.class.getResourceAsStream("model/" + file)) {
                    if (in == null) {
                        throw new FedHdsException("the embedded model's " + file
                                + " is not in the class path; was fedhds-examples built whole?");
                    }
                    Files.write(folder.resolve(file), in.readAllBytes());
                }
            }
            return folder;
        } catch (IOException e) {
            throw new FedHdsException("cannot unpack the embedded model to " + folder, e);
        }
    }
}
