package io.github.fedhds.monitoring;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.monitoring.internal.RoundJson;
import io.github.fedhds.round.ClientId;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes every event of a federation as a line of JSON: an object with {@code event}, {@code time} (UTC), {@code run},
 * {@code round} where it is of a round, and the fields of its kind. The page "Events" of the documentation lists all
 * events and fields. No line has an instruction, a feature, or an adapter; with noise the numbers are those that clients
 * have released.
 *
 * <p>The application may add events of its own with {@link #write}. Safe for many threads.
 */
public final class EventLines implements RoundListener {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
    private static final String CLIENT = "client";
    private static final String CLIENTS = "clients";
    private static final String SAMPLES = "samples";
    private static final String SCORE = "score";
    private static final String REASON = "reason";

    /** Only measures sizes, so it needs no limits. */
    private static final MessageCodec UNBOUNDED = MessageCodec.of(MessageLimits.unbounded());

    private final String run;
    private final Clock clock;
    private final Consumer<String> out;

    /**
     * Lines for any receiver.
     *
     * @param run name of the run, which each line carries
     * @param out receives each line, without a newline, in the order of the events
     */
    public EventLines(String run, Consumer<String> out) {
        this(run, out, Clock.systemUTC());
    }

    EventLines(String run, Consumer<String> out, Clock clock) {
        this.run = Objects.requireNonNull(run, "run");
        this.out = Objects.requireNonNull(out, "out");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    /**
     * Writes an event of the application.
     *
     * @param event its name, other than those of this class
     * @param fields its fields in their order: texts, finite numbers, booleans, lists and maps of these
     */
    public void write(String event, Map<String, ?> fields) {
        JsonObject json = begin(event);
        GSON.toJsonTree(fields)
                .getAsJsonObject()
                .entrySet()
                .forEach(field -> json.add(field.getKey(), field.getValue()));
        write(json);
    }

    private JsonObject begin(String event) {
        JsonObject json = new JsonObject();
        json.addProperty("event", event);
        json.addProperty("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        json.addProperty(RoundJson.RUN, run);
        return json;
    }

    private JsonObject begin(String event, int round) {
        JsonObject json = begin(event);
        json.addProperty(RoundJson.ROUND, round);
        return json;
    }

    private synchronized void write(JsonObject json) {
        out.accept(GSON.toJson(json));
    }

    /** A past round's line, as {@link #closed} writes it; for a file that lacks it. */
    String line(RoundReport report) {
        return GSON.toJson(round(report));
    }

    private JsonObject round(RoundReport report) {
        JsonObject json = begin("round", report.round());
        for (Map.Entry<String, JsonElement> field : RoundJson.of(report).entrySet()) {
            json.add(field.getKey(), field.getValue());
        }
        return json;
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        JsonObject json = begin("resumed");
        json.addProperty("rounds", past.size());
        json.addProperty(
                SAMPLES,
                past.stream().mapToLong(report -> report.result().samples()).sum());
        damage.ifPresent(why -> json.addProperty("damage", why));
        write(json);
    }

    @Override
    public void opened(RoundOpening opening) {
        JsonObject json = begin("opened", opening.round());
        json.add(
                CLIENTS,
                GSON.toJsonTree(opening.clients().stream().map(ClientId::value).toList()));
        json.addProperty("bytes", opening.clients().size() * UNBOUNDED.bytes(opening));
        write(json);
    }

    @Override
    public void worked(int round, ClientId client, Duration work) {
        JsonObject json = begin("work", round);
        json.addProperty(CLIENT, client.value());
        json.addProperty("seconds", work.toNanos() / 1e9);
        write(json);
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        JsonObject json = begin("message", message.round());
        message.party().ifPresent(client -> json.addProperty(CLIENT, client.value()));
        json.addProperty("kind", name(message.kind()));
        json.addProperty("status", name(receipt.status()));
        receipt.refusal().ifPresent(refusal -> {
            json.addProperty("refusal", refusal.code());
            json.addProperty(REASON, receipt.reason());
        });
        bytes(message).ifPresent(bytes -> json.addProperty("bytes", bytes));
        if (message instanceof CentroidReport report) {
            json.addProperty("centroids", report.centroids().size());
            json.addProperty("held", report.samples());
        } else if (message instanceof AdapterUpdate update) {
            json.addProperty(SAMPLES, update.samples());
            if (Double.isFinite(update.meanLoss())) {
                json.addProperty("loss", update.meanLoss());
            }
        } else if (message instanceof Withdrawal withdrawal) {
            json.addProperty("code", withdrawal.refusal().code());
            json.addProperty(REASON, withdrawal.reason());
        }
        write(json);
    }

    /** Empty for a message that cannot be encoded, such as an adapter with NaN. */
    private static Optional<Long> bytes(Message message) {
        try {
            return Optional.of(UNBOUNDED.bytes(message));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void selected(int round, Map<ClientId, GroupSelection> selections) {
        JsonObject json = begin("selected", round);
        JsonObject groups = new JsonObject();
        long bytes = 0;
        for (Map.Entry<ClientId, GroupSelection> one : selections.entrySet()) {
            groups.addProperty(one.getKey().value(), one.getValue().groups().size());
            bytes += UNBOUNDED.bytes(one.getValue());
        }
        json.add("groups", groups);
        json.addProperty("bytes", bytes);
        write(json);
    }

    @Override
    public void failed(int round, ClientId client, RuntimeException failure) {
        JsonObject json = begin("failed", round);
        json.addProperty(CLIENT, client.value());
        json.addProperty(REASON, String.valueOf(failure));
        write(json);
    }

    @Override
    public void closed(RoundReport report) {
        report.findings().forEach(finding -> {
            JsonObject json = begin("finding", report.round());
            RoundJson.of(finding).entrySet().forEach(field -> json.add(field.getKey(), field.getValue()));
            write(json);
        });
        write(round(report));
    }

    @Override
    public void stopped(BestRound best) {
        JsonObject json = begin("stopped");
        json.addProperty("best_round", best.round());
        json.addProperty(SCORE, best.score());
        write(json);
    }

    @Override
    public void untrained(UntrainedRun untrained) {
        JsonObject json = begin("untrained");
        json.addProperty("cause", name(untrained.cause()));
        json.addProperty(REASON, untrained.reason());
        write(json);
    }
}
