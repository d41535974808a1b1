package io.github.fedhds.monitoring;

import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.round.ClientId;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Feeds a Micrometer registry with the meters of a {@link io.github.fedhds.simulation.Federation}: those of its server,
 * listed at {@link ServerMeters}, and those that only a federation has.
 *
 * <ul>
 *   <li>{@code fedhds.work}: timer, seconds of work summed over clients, once per round; tag {@code step}: features,
 *       selection, training, aggregation
 *   <li>{@code fedhds.traffic}: counter in bytes, once per round; tag {@code direction}: to_clients, to_server; size of
 *       the messages if they were sent over a network
 *   <li>{@code fedhds.feature.rows}: counter, once per round; tag {@code source}: cache, model; absent without a cache
 *   <li>{@code fedhds.clients.failed}: counter; clients that dropped out because they threw an exception
 *   <li>{@code fedhds.score}, {@code fedhds.score.best}: gauges of the newest and the best evaluation; NaN before the
 *       first
 *   <li>{@code fedhds.privacy.epsilon}, {@code fedhds.privacy.left}: gauges of what the client that has spent most has spent of its
 *       privacy budget, and of what is left; NaN without noise
 *   <li>{@code fedhds.resumed}, {@code fedhds.stopped.early}: counters
 *   <li>{@code fedhds.untrained}: counter; runs in which no round changed the adapter; tag {@code cause}: the
 *       {@link UntrainedRun.Cause} in lower case
 * </ul>
 *
 * <p>For one federation at a time; any thread may read the registry.
 */
public final class MicrometerListener extends ServerMeters implements RoundListener {
    private volatile double score = Double.NaN;
    private volatile double bestScore = Double.NaN;
    private volatile double epsilon = Double.NaN;
    private volatile double epsilonLeft = Double.NaN;

    /** Creates meters without additional tags. */
    public MicrometerListener(MeterRegistry registry) {
        this(registry, List.of());
    }

    /** @param tags additional tags for every meter, for example to tell apart the runs in one registry */
    public MicrometerListener(MeterRegistry registry, Iterable<Tag> tags) {
        super(registry, tags);
        gauge("fedhds.score", () -> score, "Score of the newest evaluated adapter");
        gauge("fedhds.score.best", () -> bestScore, "Score of the best evaluated adapter");
        gauge("fedhds.privacy.epsilon", () -> epsilon, "Epsilon of the client that has spent most");
        gauge("fedhds.privacy.left", () -> epsilonLeft, "What is left of the privacy budget");
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        count("fedhds.resumed", 1);
        past.forEach(report -> {
            look(report.round(), report.clients().size(), report.result().meanLoss());
            score(report);
            privacy(report);
        });
    }

    private void score(RoundReport report) {
        report.score().ifPresent(value -> {
            score = value;
            bestScore = Double.isNaN(bestScore) ? value : Math.max(bestScore, value);
        });
    }

    private void privacy(RoundReport report) {
        report.privacy().ifPresent(spent -> {
            epsilon = spent.epsilon();
            epsilonLeft = spent.left();
        });
    }

    @Override
    public void failed(int ofRound, ClientId client, RuntimeException failure) {
        count("fedhds.clients.failed", 1);
    }

    @Override
    public void closed(RoundReport report) {
        score(report);
        privacy(report);
        RoundReport.Seconds seconds = report.seconds();
        work(seconds.features(), "features");
        work(seconds.selection(), "selection");
        work(seconds.training(), "training");
        work(seconds.aggregation(), "aggregation");
        bytes("fedhds.traffic", report.bytes().toClients(), "direction", "to_clients");
        bytes("fedhds.traffic", report.bytes().toServer(), "direction", "to_server");
        FeatureCache.Statistics rows = report.featureRows();
        if (!rows.equals(FeatureCache.Statistics.NONE)) {
            count("fedhds.feature.rows", rows.hits(), "source", "cache");
            count("fedhds.feature.rows", rows.misses(), "source", "model");
        }
    }

    private void work(double seconds, String step) {
        time("fedhds.work", Duration.ofNanos(Math.round(seconds * 1e9)), "step", step);
    }

    @Override
    public void stopped(BestRound best) {
        count("fedhds.stopped.early", 1);
    }

    @Override
    public void untrained(UntrainedRun run) {
        count("fedhds.untrained", 1, "cause", name(run.cause()));
    }
}
