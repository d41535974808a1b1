package io.github.fedhds.examples;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.github.fedhds.ClientId;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.federation.RoundReport;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.PeftFolder;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/**
 * What a run leaves: {@code config.json}, {@code rounds.jsonl} with a line a round, written as the rounds end, and
 * {@code adapter/} in PEFT's layout.
 */
final class RunFolder {
    private static final Gson LINE =
            new GsonBuilder().serializeSpecialFloatingPointValues().create();
    private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting().create();

    private final Path folder;
    private final Path rounds;

    /** Makes the folder, and starts its files anew. */
    RunFolder(Path folder, Map<String, Object> config) {
        this.folder = folder;
        this.rounds = folder.resolve("rounds.jsonl");
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), PRETTY.toJson(config) + "\n");
            Files.writeString(rounds, "");
        } catch (IOException e) {
            throw new FedHdsException(
                    "cannot write to " + folder + "; name a folder that may be written with --out", e);
        }
    }

    /** Appends a round. */
    void round(RoundReport report, Optional<Double> rougeL) {
        RoundResult result = report.result();
        JsonObject line = new JsonObject();
        line.addProperty("round", result.round());
        line.add(
                "clients",
                LINE.toJsonTree(report.clients().stream().map(ClientId::value).toList()));
        line.addProperty("centroids", result.centroids());
        line.addProperty("selected_groups", result.chosen());
        line.addProperty("selected", result.samples());
        line.addProperty("updates", result.updates());
        if (!result.isEmpty()) {
            line.addProperty("loss", result.meanLoss());
        }
        line.addProperty("cut_prompts", report.cutPrompts());
        line.addProperty("skipped_too_long", report.skippedTooLong());
        line.addProperty("skipped_not_finite", report.skippedNonFinite());
        FeatureCache.Statistics rows = report.featureRows();
        if (!rows.equals(FeatureCache.Statistics.NONE)) {
            line.add("feature_rows", LINE.toJsonTree(rows));
        }
        JsonObject seconds = new JsonObject();
        seconds.addProperty("features", report.seconds().features());
        seconds.addProperty("selection", report.seconds().selection());
        seconds.addProperty("training", report.seconds().training());
        seconds.addProperty("aggregation", report.seconds().aggregation());
        seconds.addProperty("wall", report.seconds().wall());
        line.add("seconds", seconds);
        rougeL.ifPresent(value -> line.addProperty("rouge_l", value));
        line.addProperty("adapter_sha256", result.adapter().digest());
        try {
            Files.writeString(rounds, LINE.toJson(line) + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new FedHdsException("cannot append to " + rounds, e);
        }
    }

    /** Writes the adapter. */
    void adapter(LoraConfig lora, Adapter adapter, String baseModel) {
        PeftFolder.write(folder.resolve("adapter"), lora, adapter, baseModel);
    }
}
