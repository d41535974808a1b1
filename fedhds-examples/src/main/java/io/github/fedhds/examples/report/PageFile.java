package io.github.fedhds.examples.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a page in one step, so that a reader never sees half of it. A page that cannot be written ends no run. */
final class PageFile {
    private static final Logger LOGGER = LoggerFactory.getLogger(PageFile.class);

    private PageFile() {}

    /** Replaces the file; if that fails, a warning is logged, and the file is as before. */
    static void write(Path file, String page) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.write(part, page.getBytes(StandardCharsets.UTF_8));
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOGGER.warn("{} cannot be written: {}", file, e.toString());
        }
    }
}
