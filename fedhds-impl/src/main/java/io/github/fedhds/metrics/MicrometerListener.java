package io.github.fedhds.metrics;

import io.github.fedhds.ClientId;
import io.github.fedhds.federation.BestRound;
import io.github.fedhds.federation.RoundListener;
import io.github.fedhds.federation.RoundReport;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.TrainingResult;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Feeds a Micrometer registry. Counters and timers begin at zero with each process, a resumed one too; gauges are those of the newest
 * listener with these tags.
 *
 * <ul>
 *   <li>{@code fedhds.round}: timer, a round from its opening to its end; tag {@code result}: trained, empty, void
 *   <li>{@code fedhds.work}: timer, seconds of work summed over clients, once a round; tag {@code step}: features,
 *       selection, training, aggregation
 *   <li>{@code fedhds.messages}: counter; tags {@code kind}: centroids or adapter, {@code status}: accepted, already_had,
 *       refused, {@code refusal}: none, or the code of the {@link io.github.fedhds.message.Refusal}, with underscores
 *   <li>{@code fedhds.traffic}: counter in bytes; tag {@code direction}: to_clients, to_server
 *   <li>{@code fedhds.centroids}, {@code fedhds.groups.chosen}, {@code fedhds.samples} (trained on),
 *       {@code fedhds.prompts.cut}: counters
 *   <li>{@code fedhds.clients.failed}: counter; clients that dropped out because their work threw
 *   <li>{@code fedhds.skipped}: counter; tag {@code reason}: too_long (samples), not_finite (steps)
 *   <li>{@code fedhds.round.number}, {@code fedhds.round.clients}, {@code fedhds.loss}, {@code fedhds.score},
 *       {@code fedhds.score.best}: gauges of the newest value; NaN before the first
 *   <li>{@code fedhds.resumed}, {@code fedhds.stopped.early}: counters
 * </ul>
 */
public final class MicrometerListener implements RoundListener {
    private final MeterRegistry registry;
    private final Tags tags;
    private volatile double round = Double.NaN;
    private volatile double clients = Double.NaN;
    private volatile double loss = Double.NaN;
    private volatile double score = Double.NaN;
    private volatile double bestScore = Double.NaN;

    /** Meters without tags but their own. */
    public MicrometerListener(MeterRegistry registry) {
        this(registry, List.of());
    }

    /** @param tags put on every meter: to tell runs in one registry apart */
    public MicrometerListener(MeterRegistry registry, Iterable<Tag> tags) {
        this.registry = registry;
        this.tags = Tags.of(tags);
        gauge("fedhds.round.number", listener -> listener.round, "The newest round");
        gauge("fedhds.round.clients", listener -> listener.clients, "Clients that the newest round names");
        gauge("fedhds.loss", listener -> listener.loss, "Mean training loss of the newest round, nats a token");
        gauge("fedhds.score", listener -> listener.score, "Score of the newest evaluated adapter");
        gauge("fedhds.score.best", listener -> listener.bestScore, "Score of the best evaluated adapter");
    }

    private void gauge(String name, ToDoubleFunction<MicrometerListener> value, String description) {
        Gauge.Builder<MicrometerListener> gauge = Gauge.builder(name, this, value)
                .description(description)
                .tags(tags)
                .strongReference(true);
        registry.remove(gauge.register(registry)); // it may be an earlier listener's, which would show its run for ever
        gauge.register(registry);
    }

    private void count(String name, double amount, String... ownTags) {
        registry.counter(name, tags.and(ownTags)).increment(amount);
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        count("fedhds.resumed", 1);
        past.forEach(this::look);
    }

    @Override
    public void opened(RoundOpening opening) {
        round = opening.round();
        clients = opening.clients().size();
    }

    @Override
    public void summarised(CentroidReport report, Receipt receipt) {
        count("centroids", receipt);
    }

    @Override
    public void trained(int ofRound, ClientId client, TrainingResult result, Receipt receipt) {
        count("adapter", receipt);
    }

    private void count(String kind, Receipt receipt) {
        String refusal = receipt.refusal().map(r -> r.code().replace('-', '_')).orElse("none");
        count("fedhds.messages", 1, "kind", kind, "status", name(receipt.status()), "refusal", refusal);
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void failed(int ofRound, ClientId client, RuntimeException failure) {
        count("fedhds.clients.failed", 1);
    }

    @Override
    public void closed(RoundReport report) {
        look(report);
        RoundReport.Seconds seconds = report.seconds();
        time("fedhds.round", seconds.wall(), "result", result(report));
        time("fedhds.work", seconds.features(), "step", "features");
        time("fedhds.work", seconds.selection(), "step", "selection");
        time("fedhds.work", seconds.training(), "step", "training");
        time("fedhds.work", seconds.aggregation(), "step", "aggregation");
        bytes(report.bytes().toClients(), "to_clients");
        bytes(report.bytes().toServer(), "to_server");
        count("fedhds.centroids", report.result().centroids());
        count("fedhds.groups.chosen", report.result().chosen());
        count("fedhds.samples", (double) report.result().samples());
        count("fedhds.prompts.cut", report.faults().cutPrompts());
        count("fedhds.skipped", report.faults().skippedTooLong(), "reason", "too_long");
        count("fedhds.skipped", report.faults().skippedNonFinite(), "reason", "not_finite");
    }

    private static String result(RoundReport report) {
        if (report.result().voidReason().isPresent()) {
            return "void";
        }
        return report.result().isEmpty() ? "empty" : "trained";
    }

    private void time(String name, double seconds, String... ownTags) {
        Timer.builder(name)
                .tags(tags.and(ownTags))
                .register(registry)
                .record(Duration.ofNanos(Math.round(seconds * 1e9)));
    }

    private void bytes(long amount, String direction) {
        Counter.builder("fedhds.traffic")
                .baseUnit("bytes")
                .tags(tags.and("direction", direction))
                .register(registry)
                .increment((double) amount);
    }

    private void look(RoundReport report) {
        round = report.round();
        clients = report.clients().size();
        loss = report.result().meanLoss();
        report.score().ifPresent(value -> {
            score = value;
            bestScore = Double.isNaN(bestScore) ? value : Math.max(bestScore, value);
        });
    }

    @Override
    public void stopped(BestRound best) {
        count("fedhds.stopped.early", 1);
    }
}
