package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Files that this process holds open; seen where the system tells, as Linux does. */
public final class OpenFiles {
    private OpenFiles() {}

    /** Fails if a file under the folder is open. */
    public static void assertNoneUnder(Path folder) throws IOException {
        Path open = Path.of("/proc/self/fd");
        if (Files.isDirectory(open)) {
            Path real = folder.toRealPath();
            try (Stream<Path> links = Files.list(open)) {
                assertEquals(
                        List.of(),
                        links.map(OpenFiles::target)
                                .filter(file -> file.startsWith(real))
                                .toList());
            }
        }
    }

    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            return link; // closed since it was listed
        }
    }
}
