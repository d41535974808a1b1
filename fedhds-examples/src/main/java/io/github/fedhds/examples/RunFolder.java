package io.github.fedhds.examples;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.federation.JsonLinesListener;
import io.github.fedhds.federation.RoundListener;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.PeftFolder;
import io.github.fedhds.training.Adapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a run leaves: {@code config.json}, {@code rounds.jsonl} with a line a round, written as the rounds end,
 * {@code checkpoint/}, and {@code adapter/} and {@code adapter-best/} in PEFT's layout.
 */
final class RunFolder {
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private final Path folder;

    /** Makes the folder, and writes the settings. */
    RunFolder(Path folder, Map<String, Object> config) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), PRETTY.toJson(config) + "\n");
        } catch (IOException e) {
            throw new FedHdsException(
                    "cannot write to " + folder + "; name a folder that may be written with --out", e);
        }
    }

    /** Writes a line a round. */
    RoundListener rounds() {
        return new JsonLinesListener(folder.resolve("rounds.jsonl"));
    }

    /** Where the run is saved between rounds. */
    static Path checkpoint(Path folder) {
        return folder.resolve("checkpoint");
    }

    /** Writes the best adapter so far beside the last one. */
    void bestAdapter(LoraConfig lora, Adapter adapter, String baseModel) {
        PeftFolder.write(folder.resolve("adapter-best"), lora, adapter, baseModel);
    }

    /** Writes the adapter. */
    void adapter(LoraConfig lora, Adapter adapter, String baseModel) {
        PeftFolder.write(folder.resolve("adapter"), lora, adapter, baseModel);
    }
}
