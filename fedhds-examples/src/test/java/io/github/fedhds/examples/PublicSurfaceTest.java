package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The command line and the one-page programs are applications: what they need is public, and nothing of it is in a package
 * named {@code internal}. Benchmarks measure parts, and the embedded model is written by this project itself.
 */
class PublicSurfaceTest {
    @Test
    void examples_useNothingInternal() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path root = Files.exists(here.resolve("fedhds-examples")) ? here : Objects.requireNonNull(here.getParent());
        List<Path> sources;
        try (Stream<Path> files = Files.walk(root.resolve("fedhds-examples/src/main"))) {
            sources = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("benchmark")
                            && !file.toString().contains("embedded"))
                    .toList();
        }
        assertTrue(sources.size() > 20, "sources: " + sources.size());
        List<Path> bad = sources.stream()
                .filter(file -> {
                    try {
                        return Files.readString(file)
                                .lines()
                                .anyMatch(line -> line.startsWith("import ") && line.contains(".internal."));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();
        assertEquals(List.of(), bad);
    }
}
