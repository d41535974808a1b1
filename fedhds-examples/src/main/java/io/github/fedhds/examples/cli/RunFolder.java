package io.github.fedhds.examples.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.file.AtomicFile;
import io.github.fedhds.internal.file.FileFault;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.JsonLinesListener;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.peft.ModelCard;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.simulation.CheckpointFolder;
import io.github.fedhds.simulation.Federation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Output of a run: {@code config.json}, {@code rounds.jsonl} with one line per round, written when the round ends,
 * {@code checkpoint/}, and the PEFT folders {@code adapter/} and {@code adapter-best/}.
 */
final class RunFolder {
    private static final String ADAPTER = "adapter";
    private static final String BEST = "adapter-best";
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private final Path folder;
    private final String config;

    /** Creates the folder; the settings are written when the run begins, so a refused run does not overwrite others. */
    RunFolder(Path folder, Map<String, Object> config) {
        this.folder = folder;
        Map<String, Object> found = new LinkedHashMap<>(config);
        Map<String, Object> all = new LinkedHashMap<>();
        Object options = found.remove(ConfigFile.OPTIONS);
        all.put(ConfigFile.OPTIONS, options == null ? Map.of() : options);
        all.put(ConfigFile.RUN, found);
        this.config = PRETTY.toJson(all) + "\n";
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new FedHdsException(
                    "cannot write to " + folder + ": " + FileFault.reason(folder, e)
                            + "; name a folder that may be written with --out",
                    e);
        }
    }

    /** Adds listeners that write the settings, then one line per round. */
    Federation.Builder listened(Federation.Builder federation) {
        RoundListener begins = new RoundListener() {
            private boolean written;

            @Override
            public void resumed(List<RoundReport> past, Optional<String> damage) {
                write();
            }

            @Override
            public void opened(RoundOpening opening) {
                write();
            }

            @Override
            public void closed(RoundReport report) {
                write(); // an exception here ends the run
            }

            private void write() {
                if (!written) {
                    AtomicFile.write(folder.resolve("config.json"), config.getBytes(StandardCharsets.UTF_8));
                    written = true;
                }
            }
        };
        return federation.listener(begins).listener(new JsonLinesListener(folder.resolve("rounds.jsonl")));
    }

    /**
     * Deletes finished runs, so that new runs can use their folders. A forgotten --resume loses nothing: it throws if a
     * run has rounds left, of its old or of the new number of rounds.
     *
     * @param folders one folder per run; all are cleared, or none
     * @return whether there was a run
     */
    static boolean startAnew(List<Path> folders, int rounds) {
        Map<Path, Optional<CheckpointFolder.Saved>> runs = new LinkedHashMap<>();
        folders.forEach(folder -> runs.put(folder, new CheckpointFolder(checkpoint(folder)).saved()));
        if (runs.values().stream().allMatch(Optional::isEmpty)) {
            return false;
        }
        runs.forEach((folder, run) -> {
            if (!run.map(saved -> mayGo(saved, rounds)).orElse(false)) {
                throw new FedHdsException(folder + " holds "
                        + run.map(saved -> (saved.end() == CheckpointFolder.End.NOT_YET ? "an unfinished run" : "a run")
                                        + " after " + saved.rounds() + " rounds")
                                .orElse("no run yet, but those beside it are over")
                        + "; go on by --resume, or name another folder with --out");
            }
        });
        for (Path folder : folders) {
            new CheckpointFolder(checkpoint(folder)).delete();
            PeftFolder.delete(folder.resolve(ADAPTER));
            PeftFolder.delete(folder.resolve(BEST));
        }
        return true;
    }

    private static boolean mayGo(CheckpointFolder.Saved saved, int rounds) {
        return switch (saved.end()) {
            case NOT_YET -> false;
            case LAST_ROUND -> saved.rounds() >= rounds;
            case EARLY -> true;
        };
    }

    /** The folder of the run's checkpoints. */
    static Path checkpoint(Path folder) {
        return folder.resolve("checkpoint");
    }

    /** Writes the best adapter so far beside the last one. */
    void bestAdapter(LoraConfig lora, Adapter adapter, ModelCard card) {
        PeftFolder.write(folder.resolve(BEST), lora, adapter, card);
    }

    /** Writes the adapter. */
    void adapter(LoraConfig lora, Adapter adapter, ModelCard card) {
        PeftFolder.write(folder.resolve(ADAPTER), lora, adapter, card);
    }
}
