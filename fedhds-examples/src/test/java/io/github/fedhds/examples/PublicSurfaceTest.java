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

/** The examples are applications: what they need is public, and nothing of it is under {@code internal}. */
class PublicSurfaceTest {
    @Test
    void examples_useNothingInternal() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path root = Files.exists(here.resolve("fedhds-examples")) ? here : Objects.requireNonNull(here.getParent());
        List<Path> sources;
        try (Stream<Path> files = Files.walk(root.resolve("fedhds-examples/src/main"))) {
            sources = files.filter(file -> file.toString().endsWith(".java")).toList();
        }
        assertTrue(sources.size() > 20, "sources: " + sources.size());
        List<Path> bad = sources.stream()
                .filter(file -> {
                    try {
                        return Files.readString(file).contains("io.github.fedhds.internal");
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();
        assertEquals(List.of(), bad);
    }
}
