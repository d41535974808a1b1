package io.github.fedhds.federation;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.ClientId;
import io.github.fedhds.caching.FeatureCache;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.training.Adapter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** A round as a JSON object, without its adapter: a line of {@link JsonLinesListener}, and the past in a checkpoint. */
final class RoundJson {
    private RoundJson() {}

    static JsonObject of(RoundReport report) {
        RoundResult result = report.result();
        JsonObject json = new JsonObject();
        json.addProperty("round", result.round());
        JsonArray clients = new JsonArray();
        report.clients().forEach(client -> clients.add(client.value()));
        json.add("clients", clients);
        json.addProperty("reports", result.reports());
        json.addProperty("centroids", result.centroids());
        json.addProperty("selected_groups", result.chosen());
        json.addProperty("selected", result.samples());
        json.addProperty("updates", result.updates());
        if (Double.isFinite(result.meanLoss())) {
            json.addProperty("loss", result.meanLoss());
        } else if (!Double.isNaN(result.meanLoss())) {
            json.addProperty("loss", String.valueOf(result.meanLoss())); // JSON has no infinite numbers
        }
        result.voidReason().ifPresent(reason -> json.addProperty("void", reason));
        json.addProperty("cut_prompts", report.cutPrompts());
        json.addProperty("skipped_too_long", report.skippedTooLong());
        json.addProperty("skipped_not_finite", report.skippedNonFinite());
        FeatureCache.Statistics rows = report.featureRows();
        if (!rows.equals(FeatureCache.Statistics.NONE)) {
            JsonObject counts = new JsonObject();
            counts.addProperty("hits", rows.hits());
            counts.addProperty("misses", rows.misses());
            counts.addProperty("damaged", rows.damaged());
            counts.addProperty("unkept", rows.unkept());
            json.add("feature_rows", counts);
        }
        JsonObject seconds = new JsonObject();
        seconds.addProperty("features", report.seconds().features());
        seconds.addProperty("selection", report.seconds().selection());
        seconds.addProperty("training", report.seconds().training());
        seconds.addProperty("aggregation", report.seconds().aggregation());
        seconds.addProperty("wall", report.seconds().wall());
        json.add("seconds", seconds);
        JsonObject bytes = new JsonObject();
        bytes.addProperty("to_clients", report.bytes().toClients());
        bytes.addProperty("to_server", report.bytes().toServer());
        json.add("bytes", bytes);
        report.score().ifPresent(score -> json.addProperty("score", score));
        json.addProperty("adapter_sha256", report.adapterSha256());
        return json;
    }

    /** Reads what {@link #of} wrote; a RuntimeException of some kind if it is anything else. */
    static RoundReport read(JsonObject json) {
        List<ClientId> clients = new ArrayList<>();
        for (JsonElement client : json.getAsJsonArray("clients")) {
            clients.add(new ClientId(client.getAsString()));
        }
        RoundResult result = new RoundResult(
                json.get("round").getAsInt(),
                Adapter.empty(),
                clients.size(),
                json.get("reports").getAsInt(),
                json.get("centroids").getAsInt(),
                json.get("selected_groups").getAsInt(),
                json.get("updates").getAsInt(),
                json.get("selected").getAsLong(),
                json.has("loss") ? json.get("loss").getAsDouble() : Double.NaN,
                json.has("void") ? Optional.of(json.get("void").getAsString()) : Optional.empty());
        JsonObject rows = json.getAsJsonObject("feature_rows");
        JsonObject seconds = json.getAsJsonObject("seconds");
        JsonObject bytes = json.getAsJsonObject("bytes");
        return new RoundReport(
                result,
                json.get("adapter_sha256").getAsString(),
                clients,
                new RoundReport.Seconds(
                        seconds.get("features").getAsDouble(),
                        seconds.get("selection").getAsDouble(),
                        seconds.get("training").getAsDouble(),
                        seconds.get("aggregation").getAsDouble(),
                        seconds.get("wall").getAsDouble()),
                new RoundReport.Bytes(
                        bytes.get("to_clients").getAsLong(),
                        bytes.get("to_server").getAsLong()),
                rows == null
                        ? FeatureCache.Statistics.NONE
                        : new FeatureCache.Statistics(
                                rows.get("hits").getAsLong(),
                                rows.get("misses").getAsLong(),
                                rows.get("damaged").getAsLong(),
                                rows.get("unkept").getAsLong()),
                json.get("cut_prompts").getAsInt(),
                json.get("skipped_too_long").getAsInt(),
                json.get("skipped_not_finite").getAsInt(),
                json.has("score") ? OptionalDouble.of(json.get("score").getAsDouble()) : OptionalDouble.empty());
    }
}
