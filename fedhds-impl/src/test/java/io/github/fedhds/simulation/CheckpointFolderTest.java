package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.Fuzz;
import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.internal.file.FailingDisk;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.internal.RoundJson;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.state.InvalidStateException;
import io.github.fedhds.state.ServerStateCodec;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.training.TrainingCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints on a disk that fails, and damaged ones. */
class CheckpointFolderTest {
    @TempDir
    private Path folder = Path.of("");

    private static Adapter adapter(float value) {
        return new Adapter(Map.of(
                "model.layers.0.q_proj.lora_A", new Tensor(new int[] {2, 3}, new float[] {value, 2, 3, 4, 5, -0f}),
                "model.layers.0.q_proj.lora_B", new Tensor(new int[] {1, 2}, new float[] {value, Float.MIN_VALUE})));
    }

    /** A run after so many rounds, with names that JSON has to write in another way. */
    private static Checkpoint checkpoint(int rounds) {
        List<ClientId> registered =
                List.of(new ClientId("a \"quoted\" client"), new ClientId("\u00e9\u2028\ud83d\ude00"));
        List<RoundReport> past = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            past.add(new RoundReport(
                    new RoundResult(
                            round,
                            Adapter.empty(),
                            2,
                            2,
                            5,
                            round,
                            round % 2,
                            1L << 40,
                            List.of(Double.NaN, 1.0 / 3, Double.NaN, Double.POSITIVE_INFINITY)
                                    .get(round % 4),
                            round,
                            new TrainingCounts(round, 2 * round, 3),
                            round == 2 ? Optional.of("too few") : Optional.empty()),
                    adapter(round).digest(),
                    registered,
                    new RoundReport.Seconds(0.1, 1e-9, 3, 4, 5),
                    new RoundReport.Bytes(1, Long.MAX_VALUE),
                    round == 1 ? FeatureCache.Statistics.NONE : new FeatureCache.Statistics(1, 2, 3, 4),
                    round == 4 ? registered : List.of(),
                    round == 3 ? OptionalDouble.of(0.1 + 0.2) : OptionalDouble.empty()));
        }
        return new Checkpoint(
                new ServerState(
                        "run",
                        Long.MIN_VALUE,
                        rounds + 1,
                        registered,
                        Map.of("model", "a \"b\""),
                        adapter(rounds),
                        adapter(0.5f)),
                new TreeMap<>(Map.of("threads", "1", "a name\n", "a \"value\"")),
                past,
                rounds < 3 ? Optional.empty() : Optional.of(new BestRound(3, 0.1 + 0.2, adapter(3))),
                rounds == 4 ? CheckpointFolder.End.LAST_ROUND : CheckpointFolder.End.NOT_YET);
    }

    private static byte[] bytes(Checkpoint checkpoint) {
        return ServerStateCodec.encode(checkpoint.toRun());
    }

    private static Checkpoint read(byte[] bytes) {
        return Checkpoint.of("bytes", ServerStateCodec.decodeRun(bytes));
    }

    private Optional<Checkpoint> load() {
        return new CheckpointFolder(folder).load().map(CheckpointFolder.Found::checkpoint);
    }

    @Test
    void read_whatWasWritten_isEqual() {
        for (int rounds = 0; rounds < 5; rounds++) {
            assertEquals(checkpoint(rounds), read(bytes(checkpoint(rounds))));
        }
    }

    @Test
    void read_everyPrefixAndEveryFlippedBit_isRefused() {
        byte[] good = bytes(checkpoint(3));
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThrows(InvalidStateException.class, () -> read(cut));
        }
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            int flipped = bit;
            assertThrows(InvalidStateException.class, () -> read(bad), () -> "bit " + flipped);
        }
        System.out.printf("checkpoint: %d prefixes and %d flipped bits refused%n", good.length, 8 * good.length);
    }

    @Test
    void read_damagedInManyWays_isAnErrorThatNamesTheFile() throws IOException {
        Path file = Files.write(folder.resolve("checkpoint"), bytes(checkpoint(2)));
        Fuzz.damage(file, false, 4 << 20, () -> new CheckpointFolder(folder).load());
    }

    @Test
    void load_runOfAServerAlone_saysThatNoFederationSavedIt() {
        ServerStore.open(folder).save(checkpoint(1).server());
        assertFails(
                FedHdsException.class,
                this::load,
                folder.toString(),
                "a run that no federation saved",
                "it has no text settings");
    }

    /**
     * From every state of the folder: nothing there, one generation, two, and a newest one that is damaged. After the
     * failure the old or the new one is found whole, and the next save is done and found.
     */
    @Test
    void save_failureAtEveryStep_leavesTheOldOneOrTheNewOne() throws IOException {
        int failures = 0;
        for (FailingDisk.Failure failure : FailingDisk.failures()) {
            for (String start : List.of("nothing", "one", "two", "damaged")) {
                boolean crashed = true;
                for (int step = 1; crashed; step++) {
                    Optional<Checkpoint> old = prepare(start);
                    FailingDisk disk = new FailingDisk(folder, failure, step);
                    CheckpointFolder failing = new CheckpointFolder(folder, disk);
                    failing.load();
                    try {
                        failing.save(checkpoint(4));
                        crashed = false;
                        disk.crash(); // power is lost after the last step
                    } catch (FailingDisk.Crash e) {
                        failures++;
                    }
                    String where = failure + " at step " + step + " of " + disk.steps() + ", " + start;
                    Optional<Checkpoint> found = load();
                    assertTrue(found.equals(old) || found.equals(Optional.of(checkpoint(4))), where);
                    assertTrue(crashed || found.equals(Optional.of(checkpoint(4))), where);

                    CheckpointFolder next = new CheckpointFolder(folder);
                    next.load();
                    next.save(checkpoint(5));
                    assertEquals(Optional.of(checkpoint(5)), load(), where);
                    Files.write(folder.resolve("checkpoint"), new byte[3]);
                    assertTrue(found.isEmpty() || load().equals(found), where + ": there is no generation before");
                    if (found.isEmpty()) {
                        assertThrows(FedHdsException.class, this::load);
                    }
                }
            }
        }
        System.out.printf("checkpoint: failed at %d places, found whole after each%n", failures);
        assertTrue(failures > 100, () -> "few steps were tried");
    }

    private Optional<Checkpoint> prepare(String start) throws IOException {
        CheckpointFolder good = new CheckpointFolder(folder);
        good.delete();
        assertEquals(List.of(), names());
        switch (start) {
            case "one" -> good.save(checkpoint(2));
            case "two" -> {
                good.save(checkpoint(2));
                good.save(checkpoint(3));
            }
            case "damaged" -> {
                good.save(checkpoint(2));
                good.save(checkpoint(3));
                byte[] bytes = Files.readAllBytes(folder.resolve("checkpoint"));
                bytes[bytes.length - 1] ^= 1;
                Files.write(folder.resolve("checkpoint"), bytes);
            }
            default -> {}
        }
        return start.equals("nothing") ? Optional.empty() : Optional.of(checkpoint(start.equals("two") ? 3 : 2));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.equals("checkpoint.lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void load_damagedNewest_saysWhyAndGivesTheOneBefore() throws IOException {
        CheckpointFolder good = new CheckpointFolder(folder);
        good.save(checkpoint(2));
        good.save(checkpoint(3));
        assertEquals(List.of("checkpoint", "checkpoint.1"), names());
        assertEquals(Optional.of(new CheckpointFolder.Saved(3, CheckpointFolder.End.NOT_YET)), good.saved());
        byte[] bytes = Files.readAllBytes(folder.resolve("checkpoint"));
        Files.write(folder.resolve("checkpoint"), Arrays.copyOf(bytes, bytes.length - 1));
        CheckpointFolder.Found found = new CheckpointFolder(folder).load().orElseThrow();
        assertEquals(checkpoint(2), found.checkpoint());
        assertTrue(found.damage().orElse("").contains("checkpoint: "), () -> "the damage is " + found.damage());

        Files.write(folder.resolve("checkpoint.1"), new byte[9]);
        assertFails(FedHdsException.class, this::load, "checkpoint.1", "delete the folder and start anew");
        Files.delete(folder.resolve("checkpoint.1"));
        assertFails(FedHdsException.class, this::load, "there is none before it", "start anew");
    }

    @Test
    void load_whatCannotBeReadNow_isNotTakenForDamage() {
        CheckpointFolder good = new CheckpointFolder(folder);
        good.save(checkpoint(2));
        good.save(checkpoint(3));
        Thread.currentThread().interrupt();
        String message = assertFails(FedHdsException.class, this::load, "checkpoint: cannot be read", "interrupted");
        assertTrue(Thread.interrupted(), "the interrupt flag is kept");
        assertFalse(message.contains("delete"), message);
        assertEquals(Optional.of(checkpoint(3)), load());
    }

    @Test
    void load_aFolderInTheFilesPlace_isNotTakenForDamage() throws IOException {
        Path newest = Files.createDirectory(folder.resolve("checkpoint"));
        String message = assertFails(FedHdsException.class, this::load, newest + ": cannot be read");
        assertFalse(message.contains("start anew"), message);
    }

    /** A run of many rounds with many clients: more than a safetensors header may hold. */
    @Test
    void save_manyRoundsOfManyClients_isReadAgain() {
        List<ClientId> registered = IntStream.range(0, 2000)
                .mapToObj(i -> new ClientId("client with a long name, number " + i))
                .toList();
        RoundReport round = checkpoint(1).past().get(0);
        RoundReport large = new RoundReport(
                round.result(),
                round.adapterSha256(),
                registered,
                round.seconds(),
                round.bytes(),
                round.featureRows(),
                round.failedClients(),
                round.score());
        List<RoundReport> past = Collections.nCopies(1500, large);
        assertTrue(1500L * RoundJson.of(large).toString().length() > 110_000_000);
        Checkpoint long1500 = new Checkpoint(
                new ServerState("run", 1, 1500, registered, Map.of(), adapter(1), Adapter.empty()),
                new TreeMap<>(),
                past,
                Optional.empty(),
                CheckpointFolder.End.EARLY);
        CheckpointFolder good = new CheckpointFolder(folder);
        good.save(long1500);
        assertEquals(Optional.of(new CheckpointFolder.Saved(1500, CheckpointFolder.End.EARLY)), good.saved());
    }

    @Test
    void save_whereNothingCanBeWritten_saysSo() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        CheckpointFolder blocked = new CheckpointFolder(file.resolve("below"));
        assertEquals(Optional.empty(), blocked.saved());
        assertFails(FedHdsException.class, () -> blocked.save(checkpoint(1)), "the checkpoint cannot be written");
        assertFalse(Files.isDirectory(file));
    }
}
