package io.github.fedhds.examples.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionPicturesTest {
    @TempDir
    Path out;

    /** Partitions are equal on every platform, so that the page has what everyone's program draws. */
    @Test
    void program_drawsThePicturesAndTheTableOfThePage() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path site = (Files.exists(here.resolve("src/site")) ? here : Objects.requireNonNull(here.getParent()))
                .resolve("src/site");
        StringWriter table = new StringWriter();
        int status =
                PartitionPictures.commandLine().setOut(new PrintWriter(table)).execute("--out", out.toString());
        assertEquals(0, status);
        String page = Files.readString(site.resolve("markdown/partitions.md"));
        assertTrue(page.contains(table.toString().replace("\r\n", "\n")), table::toString);
        List<Path> drawn;
        try (Stream<Path> files = Files.list(out)) {
            drawn = files.toList();
        }
        assertEquals(8, drawn.size());
        for (Path file : drawn) {
            String name = String.valueOf(file.getFileName());
            assertTrue(page.contains("images/" + name), name);
            assertEquals(Files.readString(site.resolve("resources/images/" + name)), Files.readString(file), name);
        }
    }
}
