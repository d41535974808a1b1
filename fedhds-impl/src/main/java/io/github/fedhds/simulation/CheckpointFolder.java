package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.state.ServerStore;
import java.nio.file.Path;
import java.util.Optional;

/** The folder in which a federation is saved between rounds: a {@link ServerStore} with runs of federations. */
public final class CheckpointFolder {
    private final ServerStore store;

    /**
     * A loaded checkpoint.
     *
     * @param damage why the newest one could not be used
     */
    record Found(Checkpoint checkpoint, Optional<String> damage) {}

    public CheckpointFolder(Path folder) {
        this(folder, Disk.real());
    }

    CheckpointFolder(Path folder, Disk disk) {
        store = ServerStore.open(folder, disk);
    }

    /**
     * Summary of a saved run.
     *
     * @param rounds number of rounds that are over
     * @param end whether and how the run has ended
     */
    public record Saved(int rounds, End end) {}

    /** Whether and how a run has ended. */
    public enum End {
        /** It has more rounds. */
        NOT_YET,
        /** After its last round. */
        LAST_ROUND,
        /** Early, because evaluations no longer improved. */
        EARLY
    }

    /**
     * Summary of the saved run; empty if nothing is saved here.
     *
     * @throws FedHdsException if no saved checkpoint can be used, or it was not saved by a federation
     */
    public Optional<Saved> saved() {
        return load().map(Found::checkpoint)
                .map(checkpoint -> new Saved(checkpoint.past().size(), checkpoint.end()));
    }

    /**
     * Locks the folder, which is created if it is missing; see {@link ServerStore#lock}.
     *
     * @throws FedHdsException if it is locked already
     */
    ServerStore.Lock lock() {
        return store.lock();
    }

    /**
     * Deletes the saved run, if there is one.
     *
     * @throws FedHdsException if it cannot be deleted, or a federation uses the folder
     */
    public void delete() {
        store.delete();
    }

    Path path() {
        return store.folder();
    }

    /** Loads the newest valid checkpoint; empty if nothing is saved. */
    Optional<Found> load() {
        return store.loadRun()
                .map(loaded -> new Found(Checkpoint.of(path().toString(), loaded.run()), loaded.damage()));
    }

    /** Saves a checkpoint in place of the newest, which becomes the previous one unless it is damaged. */
    void save(Checkpoint checkpoint) {
        store.save(checkpoint.toRun());
    }
}
