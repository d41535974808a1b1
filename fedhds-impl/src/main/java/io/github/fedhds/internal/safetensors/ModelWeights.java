package io.github.fedhds.internal.safetensors;

import io.github.fedhds.FedHdsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The weights of a Hugging Face model folder: one file, or several with an index. */
public final class ModelWeights {
    /** Name of a single file. */
    public static final String FILE = "model.safetensors";

    /** Name of the index of several files. */
    public static final String INDEX = "model.safetensors.index.json";

    private ModelWeights() {}

    /**
     * The single file of a folder, or else the index.
     *
     * @param advice end of the error message
     * @throws FedHdsException if neither exists
     */
    public static Path file(Path folder, String advice) {
        Path file = folder.resolve(FILE);
        Path index = folder.resolve(INDEX);
        if (!Files.isRegularFile(file) && !Files.isRegularFile(index)) {
            throw new FedHdsException(file + " is missing, and so is " + INDEX + advice);
        }
        return Files.isRegularFile(file) ? file : index;
    }

    /**
     * Opens the result of {@link #file}.
     *
     * @throws FedHdsException if a file is missing or damaged
     */
    public static TensorSource open(Path file) {
        return file.endsWith(INDEX) ? ShardedSafetensors.open(file) : SafetensorsFile.open(file);
    }
}
