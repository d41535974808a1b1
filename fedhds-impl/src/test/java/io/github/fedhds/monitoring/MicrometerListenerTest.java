package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.RoundSummary;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.round.ClientId;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the meters show of a run's events. */
class MicrometerListenerTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private static RoundReport report(int round, int updates, double loss, OptionalDouble score) {
        return new RoundReport(
                new RoundResult(round, Adapter.empty(), 2, 2, 7, 3, updates, 4, loss),
                "",
                List.of(A, B),
                new RoundReport.Seconds(1, 2, 3, 4, 5),
                new RoundReport.Bytes(100, 50),
                new FeatureCache.Statistics(2, 3, 0, 0),
                List.of(),
                score);
    }

    private double count(String name, String... tags) {
        return registry.get(name).tags(tags).counter().count();
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }

    @Test
    void meters_beforeARound_showNothing() {
        new MicrometerListener(registry);
        for (String name : List.of("fedhds.round.number", "fedhds.loss", "fedhds.score", "fedhds.score.best")) {
            assertEquals(Double.NaN, gauge(name), name);
        }
        assertTrue(registry.find("fedhds.messages").meters().isEmpty());
    }

    @Test
    void meters_ofARun_countItsEvents() {
        MicrometerListener listener = new MicrometerListener(registry, List.of(Tag.of("run", "mine")));
        for (int round = 1; round <= 2; round++) {
            RoundOpening opening = new RoundOpening("run", round, List.of(A, B), 1, Adapter.empty(), Map.of());
            listener.opened(opening);
            RoundReport report = report(round, 2 - round, 1.5, OptionalDouble.of(0.7 - 0.1 * round));
            listener.closed(report.result());
            listener.ended(new RoundSummary(
                    opening,
                    Optional.of(report.result()),
                    Optional.empty(),
                    Map.of(),
                    List.of(),
                    Duration.ofSeconds(5)));
            listener.closed(report);
        }
        listener.stopped(new BestRound(1, 0.6, Adapter.empty()));
        listener.untrained(new UntrainedRun(UntrainedRun.Cause.ALL_VOID, Map.of(), false, "void"));
        assertEquals(200, count("fedhds.traffic", "direction", "to_clients"));
        assertEquals(100, count("fedhds.traffic", "direction", "to_server"));
        assertEquals(
                "bytes",
                registry.get("fedhds.traffic")
                        .counters()
                        .iterator()
                        .next()
                        .getId()
                        .getBaseUnit());
        assertEquals(14, count("fedhds.centroids"));
        assertEquals(6, count("fedhds.groups.chosen"));
        assertEquals(8, count("fedhds.samples"));
        assertEquals(4, count("fedhds.feature.rows", "source", "cache"));
        assertEquals(6, count("fedhds.feature.rows", "source", "model"));
        assertEquals(1, count("fedhds.untrained", "cause", "all_void"));
        assertEquals(1, count("fedhds.stopped.early"));
        assertEquals(5, time("fedhds.round", "result", "trained"));
        assertEquals(5, time("fedhds.round", "result", "empty"));
        assertEquals(2, time("fedhds.work", "step", "features"));
        assertEquals(8, time("fedhds.work", "step", "aggregation"));
        assertEquals(2, gauge("fedhds.round.number"));
        assertEquals(2, gauge("fedhds.round.clients"));
        assertEquals(1.5, gauge("fedhds.loss"));
        assertEquals(0.5, gauge("fedhds.score"), 1e-12);
        assertEquals(0.6, gauge("fedhds.score.best"), 1e-12);
        registry.getMeters().forEach(meter -> assertEquals("mine", meter.getId().getTag("run")));
    }

    private double time(String name, String... tags) {
        return registry.get(name).tags(tags).timer().totalTime(TimeUnit.SECONDS);
    }

    @Test
    void meters_ofAResumedRun_showWhereItIs() {
        MicrometerListener listener = new MicrometerListener(registry);
        listener.resumed(
                List.of(report(1, 1, 3, OptionalDouble.of(0.25)), report(2, 1, 2, OptionalDouble.empty())),
                Optional.empty());
        assertEquals(1, count("fedhds.resumed"));
        assertEquals(2, gauge("fedhds.round.number"));
        assertEquals(2, gauge("fedhds.loss"));
        assertEquals(0.25, gauge("fedhds.score"));
        assertTrue(registry.find("fedhds.samples").meters().isEmpty(), "of this process there is none");
    }

    @Test
    void meters_ofASecondRunInOneRegistry_showTheNewOne() {
        registry.config().commonTags("application", "app");
        for (int run = 1; run <= 2; run++) {
            MicrometerListener listener = new MicrometerListener(registry, List.of(Tag.of("run", "mine")));
            RoundReport report = report(run == 1 ? 40 : 1, 1, run, OptionalDouble.of(1.0 / run));
            listener.closed(report.result());
            listener.closed(report);
            listener.failed(1, A, new IllegalStateException("no data"));
            assertEquals(run == 1 ? 40 : 1, gauge("fedhds.round.number"));
            assertEquals(run, gauge("fedhds.loss"));
            assertEquals(1.0 / run, gauge("fedhds.score.best"));
            assertEquals(run * 4, count("fedhds.samples"), "counters go on");
            assertEquals(run, count("fedhds.clients.failed"));
        }
        new MicrometerListener(registry, List.of(Tag.of("run", "other")));
        assertEquals(
                1,
                registry.get("fedhds.round.number").tag("run", "mine").gauge().value());
    }
}
