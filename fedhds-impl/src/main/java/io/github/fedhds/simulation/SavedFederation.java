package io.github.fedhds.simulation;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.ServerState;
import io.github.fedhds.internal.RoleText;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.state.ServerStore;
import io.github.fedhds.transformer.LanguageModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The checkpoint folder of a federation, with the settings that a resumed run must share: checks and restores the saved
 * run, and saves each round. For one thread at a time.
 */
final class SavedFederation {
    private static final String NOT_SET = "not set";

    private final CheckpointFolder folder;
    private final FedHdsServerBuilder parts;
    private final FedHdsServer fresh;
    private final SortedMap<String, String> settings = new TreeMap<>();
    private final Optional<CheckpointFolder.Found> found;
    private int savedRounds;

    /**
     * Loads the run saved in the folder, if there is one.
     *
     * @param parts the server's settings and roles; those of this library are among the settings that are compared
     * @param own settings of the application that the result depends on
     */
    SavedFederation(
            CheckpointFolder folder,
            LanguageModel model,
            double activeShare,
            FedHdsServerBuilder parts,
            Map<String, String> own) {
        this.folder = folder;
        this.parts = parts;
        this.fresh = parts.build(); // throws if the server's own settings are invalid
        settings.put("aggregator", RoleText.of(fresh.aggregator()));
        settings.put("selection of the server", RoleText.of(fresh.selector()));
        settings.put("shared frame", RoleText.of(fresh.frame()));
        settings.put("device", model.device());
        settings.put("threads", String.valueOf(model.threads()));
        settings.put("active share", String.valueOf(activeShare));
        own.forEach((name, value) -> {
            if (settings.putIfAbsent(name, value) != null) {
                throw new IllegalArgumentException(
                        "the setting \"" + name + "\" is saved by the federation itself; use another name for yours");
            }
        });
        this.found = folder.load();
        this.savedRounds = rounds(found);
    }

    private static int rounds(Optional<CheckpointFolder.Found> found) {
        return found.map(f -> f.checkpoint().past().size()).orElse(0);
    }

    /** The run that was loaded when this federation was built. */
    Optional<CheckpointFolder.Found> found() {
        return found;
    }

    /** The server in the state of the saved run; a new one if none is saved. */
    FedHdsServer server(boolean resume) {
        if (found.isEmpty()) {
            return fresh;
        }
        if (!resume) {
            throw new FedHdsException(folder.path() + " holds a run after " + savedRounds
                    + " rounds; resume it, or delete its checkpoint or name another folder to start anew");
        }
        Checkpoint checkpoint = found.get().checkpoint();
        String wayOut = "; resume with what it was made with, or start anew in another folder";
        TreeSet<String> names = new TreeSet<>(settings.keySet());
        names.addAll(checkpoint.settings().keySet());
        for (String name : names) {
            String was = checkpoint.settings().getOrDefault(name, NOT_SET);
            String is = settings.getOrDefault(name, NOT_SET);
            if (!was.equals(is)) {
                throw new FedHdsException("the checkpoint in " + folder.path() + " was made "
                        + (was.equals(NOT_SET) ? "without " + name : "with " + name + " " + was)
                        + (is.equals(NOT_SET) ? ", which is not set in this run" : ", this run has " + is)
                        + (name.equals("threads") ? ", which changes the last bits" : "")
                        + wayOut);
            }
        }
        try {
            return parts.restore(checkpoint.server()).build();
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    "the checkpoint in " + folder.path() + " does not fit: " + e.getMessage() + wayOut, e);
        }
    }

    ServerStore.Lock lock() {
        return folder.lock();
    }

    /**
     * Checks that no other federation has saved rounds since.
     *
     * @param past number of past rounds of this federation
     */
    void checkUnchanged(int past) {
        Optional<CheckpointFolder.Found> now = folder.load();
        int there = rounds(now);
        boolean damaged = now.flatMap(CheckpointFolder.Found::damage).isPresent(); // then this object has newer rounds
        if (!damaged && there != savedRounds && there != past) { // a save that failed may still have been written
            throw new FedHdsException(
                    folder.path() + " holds a run after " + there + " rounds, this one left it after " + savedRounds
                            + ": another federation ran with it meanwhile; resume from it, or name another folder");
        }
        savedRounds = there;
    }

    void save(ServerState state, List<RoundReport> past, Evaluations evaluations, boolean last) {
        CheckpointFolder.End early =
                evaluations.outOfPatience(past) ? CheckpointFolder.End.EARLY : CheckpointFolder.End.NOT_YET;
        CheckpointFolder.End end = last ? CheckpointFolder.End.LAST_ROUND : early;
        folder.save(new Checkpoint(state, settings, past, evaluations.best(), end));
        savedRounds = past.size();
    }
}
