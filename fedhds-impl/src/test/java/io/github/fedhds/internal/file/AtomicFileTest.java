package io.github.fedhds.internal.file;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file is the old one or the new one, whatever fails. */
class AtomicFileTest {
    private static final byte[] OLD = bytes(1);
    private static final byte[] NEW = bytes(2);

    @TempDir
    private Path folder = Path.of("");

    private static byte[] bytes(int value) {
        byte[] bytes = new byte[1000 * value];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static void writeNew(Disk disk, Path file) {
        AtomicFile.write(
                disk,
                file,
                channel -> {
                    AtomicFile.writeFully(channel, ByteBuffer.wrap(NEW, 0, 700));
                    AtomicFile.writeFully(channel, ByteBuffer.wrap(NEW, 700, NEW.length - 700));
                },
                true);
    }

    @ParameterizedTest
    @EnumSource
    void write_failsAtEachStep_leavesTheOldFileOrTheNewOne(FailingDisk.Failure failure) throws IOException {
        Path file = folder.resolve("file");
        int failed = 0;
        for (boolean before : new boolean[] {false, true}) {
            boolean crashed = true;
            for (int step = 1; crashed; step++) {
                Files.deleteIfExists(file);
                if (before) {
                    AtomicFile.write(file, OLD);
                }
                try {
                    writeNew(new FailingDisk(folder, failure, step), file);
                    crashed = false;
                } catch (FailingDisk.Crash e) {
                    failed++;
                }
                if (!crashed) {
                    assertArrayEquals(NEW, Files.readAllBytes(file));
                } else if (Files.exists(file)) {
                    byte[] there = Files.readAllBytes(file);
                    assertTrue(Arrays.equals(NEW, there) || (before && Arrays.equals(OLD, there)), "step " + step);
                } else {
                    assertFalse(before, "the old file is gone after step " + step);
                }
            }
        }
        assertEquals(12, failed, "create, two writes, force, move, force of the folder; with and without an old file");
    }

    @Test
    void write_contentThrows_leavesTheOldFileAndNothingElse() throws IOException {
        Path file = folder.resolve("file");
        AtomicFile.write(file, OLD);
        assertFails(
                FedHdsException.class,
                () -> AtomicFile.write(file, channel -> {
                    AtomicFile.writeFully(channel, ByteBuffer.wrap(NEW));
                    throw new IOException("disk full");
                }),
                file.toString(),
                "disk full");
        assertArrayEquals(OLD, Files.readAllBytes(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.count(), "the temporary file is gone");
        }
    }

    @Test
    void write_foldersThatAreMissing_areMade() throws IOException {
        Path file = folder.resolve("a/b/c/file");
        AtomicFile.write(file, NEW);
        assertArrayEquals(NEW, Files.readAllBytes(file));
        assertFails(FedHdsException.class, () -> AtomicFile.write(Path.of("/"), NEW), "is a root folder");
        assertFails(FedHdsException.class, () -> AtomicFile.write(file.resolve("below"), NEW), "cannot be written");
    }

    @Test
    void makeFolder_severalLevels_putsEachNameOnTheDisk() throws IOException {
        List<Path> forced = new ArrayList<>();
        Disk recording = new Disk() {
            @Override
            public Output create(Path file) throws IOException {
                return Disk.real().create(file);
            }

            @Override
            public void move(Path from, Path to) throws IOException {
                Disk.real().move(from, to);
            }

            @Override
            public void forceFolder(Path parent) throws IOException {
                forced.add(folder.relativize(parent));
                Disk.real().forceFolder(parent);
            }
        };
        writeNew(recording, folder.resolve("a/b/file"));
        assertEquals(List.of(Path.of(""), Path.of("a"), Path.of("a/b")), forced);
        forced.clear();
        writeNew(recording, folder.resolve("a/b/file"));
        assertEquals(List.of(Path.of("a/b")), forced);
    }
}
