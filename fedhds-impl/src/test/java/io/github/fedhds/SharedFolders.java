package io.github.fedhds;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The folders of golden values, checkpoints and data; a test that needs an absent one is skipped with a message. */
public final class SharedFolders {
    private SharedFolders() {}

    public static Path golden(String path) {
        return in("fedhds.golden", "golden", path);
    }

    public static Path models(String path) {
        return in("fedhds.models", "models", path);
    }

    public static Path data(String path) {
        return in("fedhds.data", "data", path);
    }

    private static Path in(String property, String name, String path) {
        Path folder = Path.of(System.getProperty(property, "../../shared/" + name));
        Path file = folder.resolve(path);
        assumeTrue(Files.exists(file), () -> file + " is absent; set -D" + property + " to the folder that holds it");
        return file;
    }
}
