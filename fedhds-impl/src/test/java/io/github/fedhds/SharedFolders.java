package io.github.fedhds;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The folders of golden values, checkpoints and data beside the project; a test is skipped where one is absent. */
public final class SharedFolders {
    private SharedFolders() {}

    /** Values of established packages. */
    public static Path golden() {
        return folder("golden");
    }

    /** Checkpoints in the Hugging Face layout. */
    public static Path models() {
        return folder("models");
    }

    /** Real data sets. */
    public static Path data() {
        return folder("data");
    }

    /** Inputs that failed once. */
    public static Path cases() {
        return folder("cases");
    }

    private static Path folder(String name) {
        String property = System.getProperty("fedhds." + name, "../../shared/" + name);
        Path path = Path.of(property);
        Assumptions.assumeTrue(
                Files.isDirectory(path), () -> "skipped: no folder " + path + "; set -Dfedhds." + name + " to it");
        return path;
    }
}
