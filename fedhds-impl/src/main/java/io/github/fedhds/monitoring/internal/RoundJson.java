package io.github.fedhds.monitoring.internal;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.github.fedhds.RoundSummary;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.Finding;
import io.github.fedhds.monitoring.JsonLinesListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.monitoring.ServerJsonLog;
import io.github.fedhds.privacy.PrivacySpent;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A round as a JSON object, without its adapter: for the lines of {@link JsonLinesListener} and {@link ServerJsonLog},
 * and for past rounds in a checkpoint.
 */
public final class RoundJson {
    public static final String RUN = "run";
    public static final String ROUND = "round";
    private static final String VOID = "void";

    /** Writes and reads records of numbers, with names like {@code to_clients}. */
    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .create();

    private RoundJson() {}

    public static JsonObject of(RoundReport report) {
        RoundResult result = report.result();
        JsonObject json = new JsonObject();
        json.addProperty(ROUND, result.round());
        json.add("clients", names(report.clients()));
        add(json, result);
        if (!report.failedClients().isEmpty()) {
            json.add("failed_clients", names(report.failedClients()));
        }
        if (!report.featureRows().equals(FeatureCache.Statistics.NONE)) {
            json.add("feature_rows", GSON.toJsonTree(report.featureRows()));
        }
        json.add("seconds", GSON.toJsonTree(report.seconds()));
        json.add("bytes", GSON.toJsonTree(report.bytes()));
        report.score().ifPresent(score -> json.addProperty("score", score));
        report.privacy().ifPresent(spent -> json.add("privacy", GSON.toJsonTree(spent)));
        if (!report.findings().isEmpty()) {
            JsonArray findings = new JsonArray();
            report.findings().forEach(finding -> findings.add(of(finding)));
            json.add("findings", findings);
        }
        json.addProperty("adapter_sha256", report.adapterSha256());
        return json;
    }

    /** A round of a server; without the counts of its result if it has none. */
    public static JsonObject of(RoundSummary summary) {
        JsonObject json = new JsonObject();
        json.addProperty(RUN, summary.opening().runId());
        json.addProperty(ROUND, summary.round());
        json.add("clients", names(summary.opening().clients()));
        summary.result().ifPresent(result -> add(json, result));
        summary.voidReason().ifPresent(reason -> json.addProperty(VOID, reason));
        JsonObject withdrawn = new JsonObject();
        summary.withdrawals()
                .forEach(withdrawal -> withdrawn.addProperty(
                        withdrawal.client().value(), withdrawal.refusal().code()));
        json.add("withdrawn", withdrawn);
        JsonObject refused = new JsonObject();
        summary.refusals().forEach((refusal, count) -> refused.addProperty(refusal.code(), count));
        json.add("refused", refused);
        JsonObject seconds = new JsonObject();
        seconds.addProperty("wall", summary.duration().toNanos() / 1e9);
        json.add("seconds", seconds);
        json.addProperty("adapter_sha256", summary.adapter().digest());
        return json;
    }

    private static void add(JsonObject json, RoundResult result) {
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
        result.voidReason().ifPresent(reason -> json.addProperty(VOID, reason));
        json.addProperty("withdrawals", result.withdrawals());
        json.add("left_out", counts(result.counts()));
    }

    /** A finding with its text, cause and settings. */
    public static JsonObject of(Finding finding) {
        JsonObject json = new JsonObject();
        json.addProperty("kind", finding.kind().name().toLowerCase(Locale.ROOT));
        json.addProperty(ROUND, finding.round());
        json.add("clients", names(finding.clients()));
        json.addProperty("value", finding.value());
        json.addProperty("threshold", finding.threshold());
        json.addProperty("what", finding.what());
        json.addProperty("cause", finding.kind().cause());
        JsonArray settings = new JsonArray();
        finding.kind().settings().forEach(settings::add);
        json.add("try", settings);
        return json;
    }

    private static Finding finding(JsonObject json) {
        return new Finding(
                Finding.Kind.valueOf(json.get("kind").getAsString().toUpperCase(Locale.ROOT)),
                json.get(ROUND).getAsInt(),
                clients(json.getAsJsonArray("clients")),
                json.get("value").getAsDouble(),
                json.get("threshold").getAsDouble());
    }

    private static JsonObject counts(TrainingCounts counts) {
        JsonObject json = new JsonObject();
        json.addProperty("steps_not_finite", counts.skippedNonFinite());
        json.addProperty("samples_too_long", counts.skippedTooLong());
        json.addProperty("prompts_cut", counts.cutPrompts());
        return json;
    }

    private static TrainingCounts counts(JsonObject json) {
        return new TrainingCounts(
                json.get("steps_not_finite").getAsInt(),
                json.get("samples_too_long").getAsInt(),
                json.get("prompts_cut").getAsInt());
    }

    private static JsonArray names(List<ClientId> clients) {
        JsonArray names = new JsonArray();
        clients.forEach(client -> names.add(client.value()));
        return names;
    }

    private static List<ClientId> clients(JsonArray names) {
        List<ClientId> clients = new ArrayList<>();
        for (JsonElement name : names) {
            clients.add(new ClientId(name.getAsString()));
        }
        return clients;
    }

    /** Reads the output of {@link #of}; throws a RuntimeException for anything else. */
    public static RoundReport read(JsonObject json) {
        List<ClientId> clients = clients(json.getAsJsonArray("clients"));
        RoundResult result = new RoundResult(
                json.get(ROUND).getAsInt(),
                Adapter.empty(),
                clients.size(),
                json.get("reports").getAsInt(),
                json.get("centroids").getAsInt(),
                json.get("selected_groups").getAsInt(),
                json.get("updates").getAsInt(),
                json.get("selected").getAsLong(),
                json.has("loss") ? json.get("loss").getAsDouble() : Double.NaN,
                json.get("withdrawals").getAsInt(),
                counts(json.getAsJsonObject("left_out")),
                json.has(VOID) ? Optional.of(json.get(VOID).getAsString()) : Optional.empty());
        return new RoundReport(
                result,
                json.get("adapter_sha256").getAsString(),
                clients,
                read(json, "seconds", RoundReport.Seconds.class),
                read(json, "bytes", RoundReport.Bytes.class),
                json.has("feature_rows")
                        ? read(json, "feature_rows", FeatureCache.Statistics.class)
                        : FeatureCache.Statistics.NONE,
                json.has("failed_clients") ? clients(json.getAsJsonArray("failed_clients")) : List.of(),
                json.has("score") ? OptionalDouble.of(json.get("score").getAsDouble()) : OptionalDouble.empty(),
                json.has("privacy") ? Optional.of(read(json, "privacy", PrivacySpent.class)) : Optional.empty(),
                findings(json));
    }

    private static List<Finding> findings(JsonObject json) {
        List<Finding> findings = new ArrayList<>();
        if (json.has("findings")) {
            json.getAsJsonArray("findings").forEach(one -> findings.add(finding(one.getAsJsonObject())));
        }
        return findings;
    }

    /** A part of a round; every number must be present. */
    private static <T extends Record> T read(JsonObject json, String name, Class<T> type) {
        JsonObject part = json.getAsJsonObject(name);
        try {
            T value = GSON.fromJson(part, type);
            if (GSON.toJsonTree(value).getAsJsonObject().keySet().equals(part.keySet())) {
                return value;
            }
        } catch (JsonParseException e) {
            throw new IllegalArgumentException(name + " does not hold its numbers", e);
        }
        throw new IllegalArgumentException(name + " does not hold its numbers");
    }
}
