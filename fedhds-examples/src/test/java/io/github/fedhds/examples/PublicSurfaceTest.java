package io.github.fedhds.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The examples are applications: what they need is public, and nothing of it is in a package named {@code internal}. */
class PublicSurfaceTest {
    /** Benchmarks that read a peer's arrays, the writer of the embedded model, and files that are replaced in one step. */
    private static final Set<String> ALLOWED = Set.of(
            "benchmark/ClusterBenchmark.java",
            "benchmark/FusionBenchmark.java",
            "embedded/PretrainEmbedded.java",
            "cli/BaseScore.java",
            "cli/OutputFile.java",
            "cli/RunFolder.java");

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
                .filter(file -> ALLOWED.stream().noneMatch(file::endsWith))
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
