package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.fedhds.codec.DecoderCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Puts any bytes into a file of a folder and reads the folder: that gives a value, or a typed error. */
public final class FileFuzz {
    private FileFuzz() {}

    /** Fails if the reading throws anything else, or allocates more than 2 times the bytes and 1 MiB. */
    public static void read(Path file, byte[] bytes, Fuzz.Reading reading) {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        DecoderCheck.withinMemory(2, bytes.length, () -> String.valueOf(file.getFileName()), () -> isTaken(reading));
    }

    private static boolean isTaken(Fuzz.Reading reading) {
        try {
            reading.read();
            return true;
        } catch (FedHdsException | IllegalArgumentException e) {
            if (String.valueOf(e.getMessage()).length() > 2000) {
                fail("the message is too long: " + e.getMessage(), e);
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a fuzz test on the inputs that are kept for it; there is one at least. */
    public static void replay(Class<?> test, String method, Consumer<byte[]> fuzz) throws IOException {
        Path folder = Path.of("src/test/resources", test.getName().replace('.', '/') + "Inputs", method);
        List<Path> inputs;
        try (Stream<Path> files = Files.list(folder)) {
            inputs = files.sorted().toList();
        }
        assertFalse(inputs.isEmpty(), folder::toString);
        for (Path input : inputs) {
            fuzz.accept(Files.readAllBytes(input));
        }
    }
}
