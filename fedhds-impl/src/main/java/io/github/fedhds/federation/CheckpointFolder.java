package io.github.fedhds.federation;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.wire.Disk;
import io.github.fedhds.wire.FileFault;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a federation is saved between rounds: {@code checkpoint}, and {@code checkpoint.1}, the one before it. A new one is
 * written beside them, forced to disk, and moved into place, so that at every moment one of the two is whole. While one
 * federation runs, a lock on {@code checkpoint.lock} keeps all others out, of this process and of others on this machine.
 */
public final class CheckpointFolder {
    private static final Logger LOGGER = LoggerFactory.getLogger(CheckpointFolder.class);

    /** Folders that federations of this process run with. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private static final String NEWEST = "checkpoint";
    private static final String PREVIOUS = "checkpoint.1";
    private static final String UNFINISHED = "checkpoint.tmp";
    private static final String LOCK = "checkpoint.lock";

    private final Path folder;
    private final Disk disk;
    private boolean newestIsWhole;

    /**
     * What was found.
     *
     * @param damage why the newest one could not be used
     */
    record Found(Checkpoint checkpoint, Optional<String> damage) {}

    public CheckpointFolder(Path folder) {
        this(folder, Disk.real());
    }

    CheckpointFolder(Path folder, Disk disk) {
        this.folder = folder.toAbsolutePath();
        this.disk = disk;
    }

    /**
     * The run that is saved here.
     *
     * @param rounds that are over
     * @param end whether it has come to its end
     */
    public record Saved(int rounds, End end) {}

    /** Whether a run has come to its end, and how. */
    public enum End {
        /** It has rounds to go. */
        NOT_YET,
        /** By its last round. */
        LAST_ROUND,
        /** Early, for want of better evaluations. */
        EARLY
    }

    /**
     * What is saved here; empty if nothing is.
     *
     * @throws FedHdsException if there is something and none of it can be used
     */
    public Optional<Saved> saved() {
        return load().map(Found::checkpoint)
                .map(checkpoint -> new Saved(checkpoint.past().size(), checkpoint.end()));
    }

    /** That this folder is one federation's alone, until it is closed or the process ends. */
    interface Lock extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Takes the folder, which is made if it is missing. On a disk that knows no locks it warns, and goes on.
     *
     * @throws FedHdsException if another has it
     */
    Lock lock() {
        Path real;
        try {
            disk.makeFolder(folder);
            real = folder.toRealPath();
        } catch (IOException e) {
            throw FileFault.of(folder, "the checkpoint cannot be written", e);
        }
        if (!HELD.add(real)) { // asked first: who opens and closes the file lets the lock of its whole process go
            throw inUse();
        }
        boolean taken = false;
        try {
            FileChannel channel = lockedChannel();
            taken = true;
            return () -> {
                close(channel);
                HELD.remove(real);
            };
        } finally {
            if (!taken) {
                HELD.remove(real);
            }
        }
    }

    private FedHdsException inUse() {
        return new FedHdsException(
                folder + ": another federation runs with this checkpoint; wait for its end, or name another folder");
    }

    private FileChannel lockedChannel() {
        FileChannel channel;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw FileFault.of(folder, "the checkpoint cannot be written", e);
        }
        try {
            if (channel.tryLock() == null) {
                close(channel);
                throw inUse();
            }
        } catch (IOException e) {
            LOGGER.warn("{} cannot be locked: let no other federation run with it", folder, e);
        }
        return channel;
    }

    private void close(FileChannel channel) {
        try {
            channel.close(); // and the lock with it
        } catch (IOException e) {
            LOGGER.warn("the lock on {} cannot be closed", folder, e);
        }
    }

    /**
     * Deletes what is saved here, if anything is.
     *
     * @throws FedHdsException if it cannot be deleted, or a federation runs with it
     */
    public void delete() {
        newestIsWhole = false;
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Lock lock = lock()) {
            for (String name : List.of(UNFINISHED, PREVIOUS, NEWEST)) {
                Files.deleteIfExists(folder.resolve(name));
            }
        } catch (IOException e) {
            throw FileFault.of(folder, "the checkpoint cannot be deleted", e);
        }
    }

    Path path() {
        return folder;
    }

    /** The newest one that is whole; empty if there is none at all. */
    Optional<Found> load() {
        newestIsWhole = false;
        Path newest = folder.resolve(NEWEST);
        Path previous = folder.resolve(PREVIOUS);
        Optional<String> damage = Optional.empty();
        if (Files.exists(newest)) {
            try {
                Checkpoint checkpoint = Checkpoint.read(newest);
                newestIsWhole = true;
                return Optional.of(new Found(checkpoint, damage));
            } catch (FedHdsException e) {
                passOnUnlessDamage(e);
                damage = Optional.of(String.valueOf(e.getMessage()));
            }
        }
        if (!Files.exists(previous)) { // a first checkpoint comes to its place whole: this one was damaged later
            damage.ifPresent(why -> {
                throw new FedHdsException(why + "; there is none before it, so delete it and start anew");
            });
            return Optional.empty();
        }
        try {
            return Optional.of(new Found(Checkpoint.read(previous), damage));
        } catch (FedHdsException e) {
            passOnUnlessDamage(e);
            throw new FedHdsException(
                    damage.map(why -> why + "; ").orElse("") + e.getMessage() + "; no checkpoint here can be used, so"
                            + " delete the folder and start anew",
                    e);
        }
    }

    /** A file that the disk does not give now (no permission, an interrupt, a lost mount) may be whole. */
    private static void passOnUnlessDamage(FedHdsException e) {
        Throwable cause = e.getCause(); // malformed JSON and UTF-8 have subclasses of IOException too
        if (cause instanceof FileSystemException
                || cause instanceof ClosedChannelException
                || (cause != null && cause.getClass() == IOException.class)) {
            throw e;
        }
    }

    /** Saves one in place of the newest, which becomes the previous one unless it is damaged. */
    void save(Checkpoint checkpoint) {
        Path newest = folder.resolve(NEWEST);
        Path unfinished = folder.resolve(UNFINISHED);
        try {
            disk.makeFolder(folder);
            try (Disk.Output output = disk.create(unfinished)) {
                checkpoint.write(output);
                output.force();
            }
            if (newestIsWhole) {
                newestIsWhole = false; // there is none until the second move
                disk.move(newest, folder.resolve(PREVIOUS));
            }
            disk.move(unfinished, newest);
            disk.forceFolder(folder);
            newestIsWhole = true;
        } catch (IOException e) {
            throw FileFault.of(newest, "the checkpoint cannot be written", e);
        }
    }
}
