package io.github.fedhds.state;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.ServerState;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.file.FileFault;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that keeps a run between rounds: {@code checkpoint}, and the previous one as {@code checkpoint.1}. A new
 * checkpoint is written to a temporary file, forced to disk, and moved into place, so that one of the two is valid at
 * every moment. While a server uses the folder, its {@link #lock} keeps others out, in this process and in other
 * processes on this machine.
 *
 * <pre>{@code
 * ServerStore store = ServerStore.open(folder);
 * try (ServerStore.Lock lock = store.lock()) {
 *     Optional<ServerState> saved = store.load();
 *     saved.ifPresent(builder::restore);
 *     FedHdsServer server = builder.build();
 *     if (saved.isEmpty()) {
 *         store.save(server.state()); // run id and first adapter, before the first message is sent
 *     }
 *     while (server.state().round() < rounds) {
 *         runRound(server);
 *         store.save(server.state());
 *     }
 * }
 * }</pre>
 *
 * <p>A save writes the adapter and the aggregator's state once and forces them to disk; the folder contains them at
 * most three times. Safe for many threads.
 */
public final class ServerStore {
    private static final Logger LOGGER = LoggerFactory.getLogger(ServerStore.class);

    /**
     * Prefix of the system properties that record the locked folders of this JVM; all class loaders share them. They
     * are checked before the lock file is opened, because closing any channel of that file releases the JVM's lock on
     * it.
     */
    private static final String LOCKED = "io.github.fedhds.state.locked:";

    private static final String NEWEST = "checkpoint";
    private static final String PREVIOUS = "checkpoint.1";
    private static final String UNFINISHED = "checkpoint.tmp";
    private static final String LOCK = "checkpoint.lock";

    private final Path folder;
    private final Disk disk;
    private boolean known;
    private boolean newestIsWhole;

    /**
     * A loaded run.
     *
     * @param damage why the previous checkpoint was used instead of the newest one; empty if the newest was used
     */
    public record Loaded(SavedRun run, Optional<String> damage) {}

    /** Locks a folder for one server until it is closed or the process ends. Closing it again does nothing. */
    public interface Lock extends AutoCloseable {
        @Override
        void close();
    }

    private ServerStore(Path folder, Disk disk) {
        this.folder = folder.toAbsolutePath();
        this.disk = disk;
    }

    /** The store in a folder, which {@link #lock} and {@link #save} create if it is missing. Does no I/O. */
    public static ServerStore open(Path folder) {
        return open(folder, Disk.real());
    }

    /** The same with another {@link Disk}, for tests that let its steps fail. */
    public static ServerStore open(Path folder, Disk disk) {
        return new ServerStore(folder, disk);
    }

    /** The folder, as an absolute path. */
    public Path folder() {
        return folder;
    }

    /**
     * Locks the folder. On a file system without locks it only logs a warning.
     *
     * @throws FedHdsException if another server uses the folder, in any process or class loader, or the folder cannot
     *     be written
     */
    public Lock lock() {
        Path real = realFolder();
        String holder = UUID.randomUUID().toString();
        if (System.getProperties().putIfAbsent(LOCKED + real, holder) != null) {
            throw inUse(null);
        }
        Lock name = () -> System.getProperties().remove(LOCKED + real, holder); // only this lock's entry
        try {
            FileChannel channel = lockedChannel();
            return () -> {
                close(channel);
                name.close();
            };
        } catch (RuntimeException | Error e) {
            name.close();
            throw e;
        }
    }

    private Path realFolder() {
        try {
            disk.makeFolder(folder);
            return folder.toRealPath();
        } catch (IOException e) {
            throw FileFault.of(folder, "the checkpoint cannot be written", e);
        }
    }

    private FedHdsException inUse(@Nullable Throwable cause) {
        return new FedHdsException(
                folder + ": another federation runs with this checkpoint; wait for its end, or name another folder",
                cause);
    }

    private FileChannel lockedChannel() {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw FileFault.of(folder, "the checkpoint cannot be written", e);
        }
        boolean held = false;
        try {
            if (channel.tryLock() == null) {
                throw inUse(null);
            }
            held = true;
        } catch (OverlappingFileLockException e) { // locked in this JVM, but not by a store
            throw inUse(e);
        } catch (IOException e) {
            LOGGER.warn("{} cannot be locked: let no other federation run with it", folder, e);
            held = true;
        } finally {
            if (!held) {
                close(channel);
            }
        }
        return channel;
    }

    private void close(FileChannel channel) {
        try {
            channel.close(); // also releases the lock
        } catch (IOException e) {
            LOGGER.warn("the lock on {} cannot be closed", folder, e);
        }
    }

    /**
     * The server's state after the last saved round; empty if nothing is saved here. Logs a warning if the newest
     * checkpoint is damaged and the previous one is used; {@link #loadRun} returns the reason.
     *
     * @throws FedHdsException if no saved checkpoint can be used, or it cannot be read now
     */
    public Optional<ServerState> load() {
        Optional<Loaded> found = loadRun();
        found.flatMap(Loaded::damage).ifPresent(why -> LOGGER.warn("{}; the checkpoint before it is used", why));
        return found.map(loaded -> loaded.run().server());
    }

    /**
     * The newest valid run, with the data of the application; empty if nothing is saved here.
     *
     * @throws FedHdsException if no saved checkpoint can be used, or it cannot be read now
     */
    public synchronized Optional<Loaded> loadRun() {
        newestIsWhole = false; // also if reading fails
        List<InvalidStateException> damage = new ArrayList<>();
        Optional<SavedRun> newest = read(NEWEST, damage);
        newestIsWhole = newest.isPresent();
        Optional<SavedRun> run = newest.or(() -> read(PREVIOUS, damage));
        if (run.isEmpty() && !damage.isEmpty()) { // the move is atomic, so this first checkpoint was damaged later
            String why = damage.stream().map(Throwable::getMessage).collect(Collectors.joining("; "));
            throw new FedHdsException(
                    why
                            + (Files.exists(folder.resolve(PREVIOUS))
                                    ? "; no checkpoint here can be used, so delete the folder and start anew"
                                    : "; there is none before it, so delete it and start anew"),
                    damage.get(damage.size() - 1));
        }
        known = true;
        Optional<String> why = damage.stream().map(Throwable::getMessage).findFirst();
        return run.map(found -> new Loaded(found, why));
    }

    /** One generation; empty if it does not exist or is damaged. */
    private Optional<SavedRun> read(String name, List<InvalidStateException> damage) {
        Path file = folder.resolve(name);
        try {
            return Files.exists(file) ? Optional.of(SavedRunForm.read(file)) : Optional.empty();
        } catch (InvalidStateException e) {
            damage.add(e);
            return Optional.empty();
        }
    }

    /** Saves only a server's state; see {@link #save(SavedRun)}. */
    public void save(ServerState state) {
        save(SavedRun.of(state));
    }

    /**
     * Saves a run in place of the newest one, which becomes the previous one unless it is damaged. When this returns,
     * the run is on disk.
     *
     * @throws FedHdsException if it cannot be written, in which case the previous checkpoint is still valid; or if the
     *     folder contains a run that this store has neither loaded nor saved nor deleted
     * @throws IllegalArgumentException if a text or a tensor's name has an unpaired surrogate; nothing is changed then
     */
    public synchronized void save(SavedRun run) {
        Path newest = folder.resolve(NEWEST);
        Path previous = folder.resolve(PREVIOUS);
        if (!known && (Files.exists(newest) || Files.exists(previous))) {
            throw new FedHdsException(folder + " holds a run that would be written over; load it and go on with it, or"
                    + " delete it or name another folder to start anew");
        }
        try {
            disk.makeFolder(folder);
            AtomicFile.replace(
                    disk, newest, folder.resolve(UNFINISHED), channel -> SavedRunForm.write(run, channel), true, () -> {
                        if (newestIsWhole) {
                            newestIsWhole = false; // no newest checkpoint until the second move
                            disk.move(newest, previous);
                        }
                    });
            newestIsWhole = true;
            known = true;
        } catch (IOException e) {
            throw FileFault.of(newest, "the checkpoint cannot be written", e);
        }
    }

    /**
     * Deletes the saved run, if there is one.
     *
     * @throws FedHdsException if it cannot be deleted, or a server uses the folder
     */
    public synchronized void delete() {
        newestIsWhole = false;
        if (Files.isDirectory(folder)) {
            Lock lock = lock();
            try (lock) {
                for (String name : List.of(UNFINISHED, PREVIOUS, NEWEST)) {
                    Files.deleteIfExists(folder.resolve(name));
                }
            } catch (IOException e) {
                throw FileFault.of(folder, "the checkpoint cannot be deleted", e);
            }
        }
        known = true;
    }
}
