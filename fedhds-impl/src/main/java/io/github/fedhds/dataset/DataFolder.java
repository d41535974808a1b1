package io.github.fedhds.dataset;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The data files directly in a folder, by name. A file's name, without its endings, names the task of its rows. */
final class DataFolder {
    private static final Pattern ENDING = Pattern.compile("\\.(jsonl|ndjson|json|csv|parquet)(\\.gz)?$");
    private static final Pattern SHARD = Pattern.compile("-\\d{5}-of-\\d{5}$");

    private DataFolder() {}

    /** @throws FedHdsException if the folder cannot be read or has none */
    static List<Path> files(Path folder) {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> isData(name(file)) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileFault.of(folder, "cannot be read", e);
        }
        if (files.isEmpty()) {
            throw new FedHdsException(folder + ": is a folder of no known kind; expected tasks/ (Natural Instructions),"
                    + " or files that end in .jsonl, .json, .csv or .parquet, perhaps with .gz, directly in it");
        }
        return files;
    }

    /** Files that begin with a point belong to the system. */
    private static boolean isData(String name) {
        return !name.startsWith(".")
                && ENDING.matcher(name.toLowerCase(Locale.ROOT)).find();
    }

    /** The name without endings and without the number of a shard, as in {@code train-00000-of-00002.parquet}. */
    static String task(Path file) {
        String name = name(file);
        int dots = name.length()
                - ENDING.matcher(name.toLowerCase(Locale.ROOT)).replaceFirst("").length();
        return SHARD.matcher(name.substring(0, name.length() - dots)).replaceFirst("");
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
