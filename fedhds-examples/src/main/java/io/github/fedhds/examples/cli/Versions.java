package io.github.fedhds.examples.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.IVersionProvider;

/** Versions of the library and of what it was built with. */
final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"fedhds " + of("fedhds"), "DJL " + of("DJL") + ", PyTorch " + of("PyTorch")};
    }

    /** The version of the library, or of a dependency by its name in the file. */
    static String of(String name) {
        return Objects.requireNonNull(all().getProperty(name), name);
    }

    /** Names and versions of the dependencies. */
    static String dependencies() {
        Properties all = all();
        return Stream.of("DJL", "DJL api", "PyTorch", "ELKI", "Guava", "Gson", "SLF4J", "parquet-floor", "picocli")
                .map(name -> name + " " + all.getProperty(name))
                .collect(Collectors.joining(", "));
    }

    /** The build writes the versions of the pom into the file. */
    private static Properties all() {
        Properties all = new Properties();
        try (InputStream file = Versions.class.getResourceAsStream("versions.properties")) {
            all.load(Objects.requireNonNull(file, "versions.properties"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }
}
