package io.github.fedhds.features;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
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

    /** A folder with room for ten rows of three numbers. */
    private FolderFeatureCache small(Disk disk) {
        return new FolderFeatureCache(folder.resolve("small"), 10 * 56, disk);
    }

    private static void fill(FeatureCache cache, int from, int to) {
        for (int i = from; i < to; i++) {
            int n = i;
            assertArrayEquals(row(n), cache.row(key(n), 3, () -> row(n)));
        }
    }

    private Path file(int i) {
        return folder.resolve("small").resolve(key(i).substring(0, 2)).resolve(key(i).substring(2) + ".row");
    }

    /** Files that were written at once may have equal times, so a test says which are old. */
    private void age(int i, int hours) throws IOException {
        Files.setLastModifiedTime(file(i), FileTime.from(Instant.now().minus(hours, ChronoUnit.HOURS)));
    }

    @Test
    void row_aboveTheLimit_deletesTheLeastRecentlyUsedToNineTenths() throws IOException {
        FeatureCache cache = small(Disk.real());
        fill(cache, 0, 10);
        assertEquals(10, files().size()); // as much as the limit is not too much
        for (int i = 0; i < 10; i++) {
            age(i, 100 - i);
        }
        cache.row(key(0), 3, NEVER); // now the most recently used
        fill(cache, 10, 11);
        assertEquals(9, files().size());
        cache.row(key(0), 3, NEVER);
        fill(cache, 3, 11); // 1 and 2 are gone
        assertEquals(new FeatureCache.Statistics(10, 11, 0, 0), cache.statistics());
    }

    @Test
    void row_manyMoreThanFit_neverExceedTheLimitByMoreThanOne() throws IOException {
        FeatureCache cache = small(Disk.real());
        for (int i = 0; i < 300; i++) {
            fill(cache, i, i + 1);
            assertTrue(files().size() <= 10, "row " + i);
        }
        assertEquals(300, cache.statistics().misses());
    }

    @Test
    void row_openedOnATooLargeFolder_deletesAtTheFirstWrittenRow() throws IOException {
        fill(FeatureCache.inFolder(folder.resolve("small")), 0, 40);
        for (int i = 0; i < 40; i++) {
            age(i, 100 - i);
        }
        FeatureCache cache = small(Disk.real());
        cache.row(key(5), 3, NEVER);
        assertEquals(40, files().size());
        fill(cache, 40, 41);
        assertEquals(9, files().size());
        assertTrue(Files.exists(file(5)) && Files.exists(file(39)) && !Files.exists(file(32)));
    }

    @Test
    void row_aboveTheLimit_leavesOtherFilesAlone() throws IOException {
        FeatureCache cache = small(Disk.real());
        fill(cache, 0, 1);
        Path sub = file(0).getParent();
        List<Path> foreign = new ArrayList<>();
        for (Path path : List.of(
                folder.resolve("small/base-score.json"),
                folder.resolve("small/" + key(1) + ".row"),
                folder.resolve("small/deeper").resolve(key(1).substring(2) + ".row"),
                folder.resolve("small/AB").resolve(key(1).substring(2) + ".row"),
                folder.resolve("small/ab"), // a file in place of a folder
                Objects.requireNonNull(sub).resolve("notes.txt"),
                sub.resolve("x" + key(1).substring(2) + ".row"),
                sub.resolve(key(1).substring(2) + ".row.tmp"))) {
            Files.createDirectories(Objects.requireNonNull(path.getParent()));
            foreign.add(Files.write(path, new byte[5000]));
            Files.setLastModifiedTime(path, FileTime.fromMillis(0));
        }
        Path link = Files.createSymbolicLink(sub.resolve("0".repeat(61) + "1.row"), foreign.get(0));
        Files.createDirectories(sub.resolve("0".repeat(61) + "2.row"));
        fill(cache, 1, 30);
        assertTrue(Files.isSymbolicLink(link));
        for (Path path : foreign) {
            assertEquals(5000, Files.size(path), path.toString());
        }
        assertTrue(files().size() - foreign.size() - 1 <= 10, "and they do not count");
    }

    @Test
    void row_aboveTheLimit_deletesWhatKilledProcessesLeft() throws IOException {
        FeatureCache cache = small(Disk.real());
        fill(cache, 0, 1);
        Path left = Objects.requireNonNull(file(0).getParent())
                .resolve("." + key(1).substring(2) + ".row." + UUID.randomUUID() + ".tmp");
        Files.write(left, new byte[5000]);
        Files.setLastModifiedTime(left, FileTime.fromMillis(0));
        fill(cache, 1, 30);
        assertFalse(Files.exists(left));
    }

    @Test
    void row_thatCannotBeDeleted_isKeptAndTheRunContinues() throws IOException {
        AtomicInteger tries = new AtomicInteger();
        FeatureCache cache = small(new OtherDelete(file -> {
            tries.incrementAndGet();
            throw new AccessDeniedException(file.toString());
        }));
        fill(cache, 0, 30);
        assertEquals(30, files().size());
        assertEquals(new FeatureCache.Statistics(0, 30, 0, 0), cache.statistics());
        int largest = 30 * 31 / 2;
        assertTrue(tries.get() > 0 && tries.get() < largest, "not at every row: " + tries);
    }

    @Test
    void row_deletedByAnotherProcessMeanwhile_countsAsDeleted() throws IOException {
        FeatureCache cache = small(new OtherDelete(file -> {
            Files.delete(file); // the other process was faster
            Files.deleteIfExists(file);
        }));
        fill(cache, 0, 60);
        assertTrue(files().size() <= 10);
        fill(cache, 0, 60); // each that is gone is computed again
        assertEquals(0, cache.statistics().damaged() + cache.statistics().unkept());
    }

    @Test
    void row_twoCachesOnOneSmallFolder_giveRightRows() throws Exception {
        FeatureCache[] both = {small(Disk.real()), small(Disk.real())};
        inParallel(4, thread -> {
            Random random = new Random(thread);
            for (int n = 0; n < 300; n++) {
                int i = random.nextInt(40);
                fill(both[thread % 2], i, i + 1);
            }
        });
        for (FeatureCache cache : both) {
            assertEquals(600, cache.statistics().hits() + cache.statistics().misses());
            assertEquals(0, cache.statistics().damaged() + cache.statistics().unkept());
        }
        assertTrue(files().size() <= 10 + 4, "each thread may have written one more");
    }

    @Test
    void inFolder_limitOrRowAtTheEdge_isChecked() throws IOException {
        for (long bad : new long[] {0, -1}) {
            assertFails(
                    IllegalArgumentException.class, () -> FeatureCache.inFolder(folder, bad), "bytes", "was " + bad);
        }
        FeatureCache tooSmall = FeatureCache.inFolder(folder, 55);
        fill(tooSmall, 0, 2);
        assertEquals(List.of(), files());
        FeatureCache one = FeatureCache.inFolder(folder, 56);
        fill(one, 0, 2);
        assertTrue(files().size() <= 1);
        fill(FeatureCache.inFolder(folder, Long.MAX_VALUE), 0, 20);
        assertEquals(20, files().size());
    }

    /** The real disk, with another way to delete. */
    private record OtherDelete(Delete delete) implements Disk {
        interface Delete {
            void delete(Path file) throws IOException;
        }

        @Override
        public Output create(Path file) throws IOException {
            return Disk.real().create(file);
        }

        @Override
        public void move(Path from, Path to) throws IOException {
            Disk.real().move(from, to);
        }

        @Override
        public void forceFolder(Path in) throws IOException {
            Disk.real().forceFolder(in);
        }

        @Override
        public void delete(Path file) throws IOException {
            delete.delete(file);
        }
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
