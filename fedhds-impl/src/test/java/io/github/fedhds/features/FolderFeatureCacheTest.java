package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderFeatureCacheTest extends FeatureCacheContract {
    @TempDir
    private Path folder = Path.of("");

    @Override
    FeatureCache cache() {
        return FeatureCache.inFolder(folder.resolve("a/b"));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @Test
    void row_afterOpeningAgain_isThere() throws IOException {
        FeatureCache first = cache();
        for (int i = 0; i < 300; i++) {
            int n = i;
            first.row(key(i), 3, () -> row(n));
        }
        FeatureCache again = cache();
        for (int i = 0; i < 300; i++) {
            assertArrayEquals(row(i), again.row(key(i), 3, NEVER));
        }
        assertEquals(new FeatureCache.Statistics(300, 0, 0, 0), again.statistics());
        assertEquals(300, files().size()); // and nothing else is left behind
        assertEquals(4 * 3 + 44, Files.size(files().get(0)));
    }

    /** The file's bytes are put back before each try, so that every damage is the only one. */
    private void assertRecomputed(Path file, byte[] damaged, String what) throws IOException {
        Files.write(file, damaged);
        FeatureCache cache = cache();
        assertArrayEquals(row(5), cache.row(key(5), 3, () -> row(5)), what);
        assertEquals(new FeatureCache.Statistics(0, 1, 1, 0), cache.statistics(), what);
        assertArrayEquals(row(5), cache.row(key(5), 3, NEVER), what); // and was written again
    }

    @Test
    void row_everyPrefixAndEveryBitFlipOfItsFile_isComputedAgain() throws IOException {
        cache().row(key(5), 3, () -> row(5));
        Path file = files().get(0);
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length++) {
            assertRecomputed(file, Arrays.copyOf(good, length), "length " + length);
        }
        assertRecomputed(file, Arrays.copyOf(good, good.length + 1), "one byte more");
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] flipped = good.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRecomputed(file, flipped, "bit " + bit);
        }
        assertArrayEquals(good, Files.readAllBytes(file));
    }

    @Test
    void row_underAnothersName_isComputedAgain() throws IOException {
        FeatureCache cache = cache();
        cache.row(key(1), 3, () -> row(1));
        cache.row(key(2), 3, () -> row(2));
        List<Path> files = files();
        byte[] first = Files.readAllBytes(files.get(0));
        Files.write(files.get(1), first);
        assertArrayEquals(row(1), cache.row(key(1), 3, NEVER));
        assertArrayEquals(row(2), cache.row(key(2), 3, () -> row(2)));
        assertEquals(1, cache.statistics().damaged());
    }

    @Test
    void row_hugeFile_isNotReadWhole() throws IOException {
        cache().row(key(5), 3, () -> row(5));
        Path file = files().get(0);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(20L << 30); // no array would hold it
        }
        FeatureCache cache = cache();
        assertArrayEquals(row(5), cache.row(key(5), 3, () -> row(5)));
        assertEquals(new FeatureCache.Statistics(0, 1, 1, 0), cache.statistics());
        assertEquals(56, Files.size(file));
    }

    @Test
    void row_thatCannotBeReadNorWritten_isStillRight() throws IOException {
        FeatureCache cache = cache();
        cache.row(key(5), 3, () -> row(5));
        Path file = files().get(0);
        Files.delete(file);
        Files.createDirectories(file.resolve("in the way"));
        for (int n = 1; n < 3; n++) {
            assertArrayEquals(row(5), cache.row(key(5), 3, () -> row(5)));
            assertEquals(new FeatureCache.Statistics(0, 1 + n, n, n), cache.statistics());
        }
        assertEquals(List.of(), files()); // no half-written file either
    }

    @Test
    void row_afterItsFolderWasDeleted_isComputedAndKeptAgain() throws IOException {
        FeatureCache cache = cache();
        cache.row(key(5), 3, () -> row(5));
        Path file = files().get(0);
        Files.delete(file);
        Files.delete(Objects.requireNonNull(file.getParent()));
        assertArrayEquals(row(5), cache.row(key(5), 3, () -> row(5)));
        assertArrayEquals(row(5), cache.row(key(5), 3, NEVER));
        assertEquals(0, cache.statistics().damaged());
    }

    @Test
    void row_byAnInterruptedThread_isStillRightAndLeavesTheFlag() {
        FeatureCache cache = cache();
        cache.row(key(5), 3, () -> row(5));
        Thread.currentThread().interrupt();
        float[] row = cache.row(key(5), 3, () -> row(5));
        assertTrue(Thread.interrupted());
        assertArrayEquals(row(5), row);
        assertEquals(0, cache.statistics().damaged());
        assertArrayEquals(row(5), cache.row(key(5), 3, NEVER));
    }

    /** As two processes do: nothing but the folder is shared. A row may be computed by both, and is never a wrong one. */
    @Test
    void row_twoCachesOnOneFolder_doEachOtherNoHarm() throws Exception {
        FeatureCache[] both = {cache(), cache()};
        inParallel(4, thread -> {
            for (int n = 0; n < 200; n++) {
                int i = (n * (thread / 2 == 0 ? 7 : 3)) % 40;
                assertArrayEquals(row(i), both[thread % 2].row(key(i), 3, () -> row(i)));
            }
        });
        for (FeatureCache cache : both) {
            assertEquals(400, cache.statistics().hits() + cache.statistics().misses());
            assertTrue(cache.statistics().misses() <= 40, cache.statistics()::toString);
            assertEquals(0, cache.statistics().damaged() + cache.statistics().unkept());
        }
        assertEquals(40, files().size());
    }

    @Test
    void inFolder_thatCannotBeOne_isNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "kept");
        for (Path bad : List.of(file, file.resolve("below"))) {
            assertFails(FedHdsException.class, () -> FeatureCache.inFolder(bad), bad.toString(), "feature cache");
        }
        assertEquals("kept", Files.readString(file));
        Path real = Files.createDirectories(folder.resolve("real"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        FeatureCache.inFolder(link).row(key(1), 3, () -> row(1));
        assertArrayEquals(row(1), FeatureCache.inFolder(real).row(key(1), 3, NEVER));
    }
}
