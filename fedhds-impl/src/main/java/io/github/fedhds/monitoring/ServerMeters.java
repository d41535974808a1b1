package io.github.fedhds.monitoring;

import io.github.fedhds.RoundSummary;
import io.github.fedhds.ServerListener;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Feeds a Micrometer registry with the meters of a server. Counters and timers start at zero in each process; gauges
 * show the newest listener with these tags, and NaN before the first round.
 *
 * <ul>
 *   <li>{@code fedhds.round}: timer, a round from its opening to its end; tag {@code result}: trained, empty (no update
 *       came), void (too few answers), lost (abandoned, or the aggregator failed)
 *   <li>{@code fedhds.messages}: counter, messages answered; tags {@code kind}: the
 *       {@link io.github.fedhds.message.MessageKind} in lower case, {@code status}: accepted, already_had, refused,
 *       {@code refusal}: none, or the code of the {@link Refusal}, with underscores
 *   <li>{@code fedhds.withdrawals}: counter, clients that withdrew; tag {@code code}: the refusal code that the client
 *       gives; {@code other} after {@value #MAX_CODES} different codes
 *   <li>{@code fedhds.centroids}, {@code fedhds.groups.chosen}, {@code fedhds.samples} (trained on): counters,
 *       increased when a round ends with a result
 *   <li>{@code fedhds.prompts.cut}: counter, samples trained on with a cut prompt
 *   <li>{@code fedhds.skipped}: counter; tag {@code reason}: too_long (samples), not_finite (steps)
 *   <li>{@code fedhds.round.number}: gauge, the newest round
 *   <li>{@code fedhds.round.clients}: gauge, clients that the newest round names
 *   <li>{@code fedhds.round.answered}, {@code fedhds.round.missing}: gauges, clients whose answer to the current step
 *       of the open round was accepted, and clients that the round still waits for, as in
 *       {@link io.github.fedhds.RoundProgress}; 0 between rounds
 *   <li>{@code fedhds.loss}: gauge, mean training loss of the newest round with a result, in nats per token; NaN if no
 *       client reported one
 * </ul>
 *
 * <p>For one server at a time, whose calls come one at a time; any thread may read the registry.
 */
public sealed class ServerMeters implements ServerListener permits MicrometerListener {
    private static final int MAX_CODES = 32;

    private final MeterRegistry registry;
    private final Tags tags;
    private final Set<String> codes = new HashSet<>();
    private final Set<ClientId> waitedFor = new HashSet<>();
    private final Set<ClientId> withdrawn = new HashSet<>();
    private volatile double round = Double.NaN;
    private volatile double clients = Double.NaN;
    private volatile double answered = Double.NaN;
    private volatile double missing = Double.NaN;
    private volatile double loss = Double.NaN;

    /** Creates meters without additional tags. */
    public ServerMeters(MeterRegistry registry) {
        this(registry, List.of());
    }

    /** @param tags additional tags for every meter, for example to tell apart the runs in one registry */
    public ServerMeters(MeterRegistry registry, Iterable<Tag> tags) {
        this.registry = registry;
        this.tags = Tags.of(tags);
        gauge("fedhds.round.number", () -> round, "The newest round");
        gauge("fedhds.round.clients", () -> clients, "Clients that the newest round names");
        gauge("fedhds.round.answered", () -> answered, "Clients that have answered the step of the open round");
        gauge("fedhds.round.missing", () -> missing, "Clients that the step of the open round waits for");
        gauge("fedhds.loss", () -> loss, "Mean training loss of the newest round, nats a token");
    }

    final void gauge(String name, Supplier<Number> value, String description) {
        forget(registry, name, tags);
        Gauge.builder(name, value).description(description).tags(tags).register(registry);
    }

    /** Removes the meter of an earlier listener with this name and tags, which would otherwise show its run forever. */
    static void forget(MeterRegistry registry, String name, Tags tags) {
        registry.removeByPreFilterId(new Meter.Id(name, tags, null, null, Meter.Type.OTHER)); // found by name and tags
    }

    final void count(String name, double amount, String... ownTags) {
        registry.counter(name, tags.and(ownTags)).increment(amount);
    }

    final void bytes(String name, long amount, String... ownTags) {
        Counter.builder(name)
                .baseUnit("bytes")
                .tags(tags.and(ownTags))
                .register(registry)
                .increment((double) amount);
    }

    final void time(String name, Duration duration, String... ownTags) {
        Timer.builder(name).tags(tags.and(ownTags)).register(registry).record(duration);
    }

    /** Sets the gauges to the current state of a run, also of a resumed one. */
    final void look(int newRound, int newClients, double newLoss) {
        round = newRound;
        clients = newClients;
        loss = newLoss;
    }

    @Override
    public void opened(RoundOpening opening) {
        withdrawn.clear();
        begin(Set.copyOf(opening.clients()));
        look(opening.round(), opening.clients().size(), loss);
    }

    private void begin(Set<ClientId> asked) {
        waitedFor.clear();
        waitedFor.addAll(asked);
        waitedFor.removeAll(withdrawn);
        answered = 0;
        missing = waitedFor.size();
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        count(
                "fedhds.messages",
                1,
                "kind",
                name(message.kind()),
                "status",
                name(receipt.status()),
                "refusal",
                receipt.refusal().map(ServerMeters::tag).orElse("none"));
        if (!receipt.counts()) {
            return;
        }
        message.party().ifPresent(client -> {
            switch (message.kind()) {
                case CENTROIDS, UPDATE -> {
                    waitedFor.remove(client);
                    answered = answered + 1;
                }
                case WITHDRAWAL -> {
                    waitedFor.remove(client);
                    withdrawn.add(client);
                    count("fedhds.withdrawals", 1, "code", code(((Withdrawal) message).refusal()));
                }
                default -> {} // a receipt is no answer that the round waits for
            }
            missing = waitedFor.size();
        });
    }

    static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String tag(Refusal refusal) {
        return refusal.code().replace('-', '_');
    }

    /** The tag value for a code. The clients choose the codes, and each one costs the registry a counter that stays. */
    private String code(Refusal refusal) {
        String code = tag(refusal);
        boolean known = codes.contains(code) || codes.size() < MAX_CODES && codes.add(code);
        return known ? code : "other";
    }

    @Override
    public void selected(int ofRound, Map<ClientId, GroupSelection> selections) {
        Set<ClientId> asked = new HashSet<>(selections.keySet());
        selections.forEach((client, selection) -> {
            if (selection.groups().isEmpty()) {
                asked.remove(client);
            }
        });
        begin(asked);
    }

    @Override
    public void closed(RoundResult result) {
        look(result.round(), result.clients(), result.meanLoss());
        count("fedhds.centroids", result.centroids());
        count("fedhds.groups.chosen", result.chosen());
        count("fedhds.samples", (double) result.samples());
        count("fedhds.prompts.cut", result.counts().cutPrompts());
        count("fedhds.skipped", result.counts().skippedTooLong(), "reason", "too_long");
        count("fedhds.skipped", result.counts().skippedNonFinite(), "reason", "not_finite");
    }

    @Override
    public void ended(RoundSummary summary) {
        begin(Set.of());
        time("fedhds.round", summary.duration(), "result", result(summary));
    }

    private static String result(RoundSummary summary) {
        if (summary.result().isEmpty()) {
            return "lost";
        }
        if (summary.voidReason().isPresent()) {
            return "void";
        }
        return summary.result().get().isEmpty() ? "empty" : "trained";
    }
}
