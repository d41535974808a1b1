package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.state.ServerStore;
import java.nio.file.Path;
import java.util.Optional;

/** Where a federation is saved between rounds: a {@link ServerStore} whose runs are those of federations. */
public final class CheckpointFolder {
    private final ServerStore store;

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
        store = ServerStore.open(folder, disk);
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
     * @throws FedHdsException if there is something and none of it can be used, or no federation saved it
     */
    public Optional<Saved> saved() {
        return load().map(Found::checkpoint)
                .map(checkpoint -> new Saved(checkpoint.past().size(), checkpoint.end()));
    }

    /**
     * Takes the folder, which is made if it is missing; see {@link ServerStore#lock}.
     *
     * @throws FedHdsException if another has it
     */
    ServerStore.Lock lock() {
        return store.lock();
    }

    /**
     * Deletes what is saved here, if anything is.
     *
     * @throws FedHdsException if it cannot be deleted, or a federation runs with it
     */
    public void delete() {
        store.delete();
    }

    Path path() {
        return store.folder();
    }

    /** The newest one that is whole; empty if there is none at all. */
    Optional<Found> load() {
        return store.loadRun()
                .map(loaded -> new Found(Checkpoint.of(path().toString(), loaded.run()), loaded.damage()));
    }

    /** Saves one in place of the newest, which becomes the previous one unless it is damaged. */
    void save(Checkpoint checkpoint) {
        store.save(checkpoint.toRun());
    }
}
