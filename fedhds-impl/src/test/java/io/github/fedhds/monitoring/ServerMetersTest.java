package io.github.fedhds.monitoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.RoundProgress;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingCounts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the meters show of a host's own server. */
class ServerMetersTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");
    private static final ClientId C = new ClientId("c");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private static FedHdsServerBuilder server(MeterRegistry registry) {
        return FedHdsServer.builder()
                .runId("run")
                .clients(List.of(A, B, C))
                .sampler(ClientSampler.uniform(1))
                .selector(new EverySelector())
                .aggregator(FedAvg.bySamples())
                .initialAdapter(adapter(0))
                .listener(new ServerMeters(registry, List.of(Tag.of("run", "mine"))));
    }

    private static Adapter adapter(float value) {
        return new Adapter(Map.of("w", new Tensor(new int[] {1}, new float[] {value})));
    }

    private static CentroidReport report(int round, ClientId client, int centroids) {
        return new CentroidReport(
                "run",
                round,
                client,
                IntStream.range(0, centroids)
                        .mapToObj(group -> new Centroid(group, new double[2]))
                        .toList());
    }

    private static AdapterUpdate update(int round, ClientId client, TrainingCounts counts) {
        return new AdapterUpdate("run", round, client, adapter(1), 4, 1.5, counts, "");
    }

    private static Withdrawal withdrawal(int round, ClientId client, String code) {
        return new Withdrawal("run", round, client, new Refusal(code), "", new TrainingCounts(1, 0, 0));
    }

    private double count(String name, String... tags) {
        return registry.get(name).tags(tags).counter().count();
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }

    private long rounds(String result) {
        return registry.get("fedhds.round").tag("result", result).timer().count();
    }

    private void assertProgress(FedHdsServer server) {
        Optional<RoundProgress> progress = server.progress();
        int answered = progress.map(p -> p.answered().size()).orElse(0);
        int missing = progress.map(p -> p.missing().size()).orElse(0);
        assertEquals(answered, gauge("fedhds.round.answered"));
        assertEquals(missing, gauge("fedhds.round.missing"));
    }

    @Test
    void meters_ofAServer_countItsRounds() {
        FedHdsServer server = server(registry).build();
        assertEquals(Double.NaN, gauge("fedhds.round.number"));
        assertEquals(Double.NaN, gauge("fedhds.round.missing"));
        server.open();
        assertProgress(server);
        List<Message> reports =
                List.of(report(1, A, 2), report(1, A, 2), report(1, B, 3), withdrawal(1, C, "settings-differ"));
        for (Message message : reports) {
            server.accept(message);
            assertProgress(server);
        }
        assertEquals(2, gauge("fedhds.round.answered"));
        server.select();
        assertProgress(server);
        assertEquals(2, gauge("fedhds.round.missing"));
        List<Message> updates = List.of(
                update(1, A, new TrainingCounts(1, 2, 3)),
                update(1, C, TrainingCounts.NONE),
                withdrawal(1, B, "nothing-trained"));
        for (Message message : updates) {
            server.accept(message);
            assertProgress(server);
        }
        server.aggregate();
        assertProgress(server);

        assertEquals(1, count("fedhds.messages", "kind", "centroids", "status", "already_had", "refusal", "none"));
        assertEquals(2, count("fedhds.messages", "kind", "centroids", "status", "accepted"));
        assertEquals(1, count("fedhds.messages", "kind", "update", "status", "refused", "refusal", "not_chosen"));
        assertEquals(2, count("fedhds.messages", "kind", "withdrawal", "status", "accepted"));
        assertEquals(1, count("fedhds.withdrawals", "code", "settings_differ"));
        assertEquals(1, count("fedhds.withdrawals", "code", "nothing_trained"));
        assertEquals(5, count("fedhds.centroids"));
        assertEquals(5, count("fedhds.groups.chosen"));
        assertEquals(4, count("fedhds.samples"));
        assertEquals(3, count("fedhds.prompts.cut"));
        assertEquals(2, count("fedhds.skipped", "reason", "too_long"));
        assertEquals(3, count("fedhds.skipped", "reason", "not_finite"), "those of withdrawals count too");
        assertEquals(1, gauge("fedhds.round.number"));
        assertEquals(3, gauge("fedhds.round.clients"));
        assertEquals(1.5, gauge("fedhds.loss"));
        assertEquals(1, rounds("trained"));
        assertTrue(registry.get("fedhds.round").timer().totalTime(TimeUnit.NANOSECONDS) > 0);
        registry.getMeters().forEach(meter -> assertEquals("mine", meter.getId().getTag("run")));
    }

    @Test
    void rounds_byWhatBecameOfThem() {
        FedHdsServer server = server(registry).minAnswers(1).build();
        server.open();
        server.select();
        server.aggregate();
        server.open();
        server.abandon();
        server.abandon();
        assertEquals(1, rounds("void"));
        assertEquals(1, rounds("lost"));
        FedHdsServer other = server(registry).build();
        other.open();
        other.select();
        other.aggregate();
        assertEquals(1, rounds("empty"));
    }

    @Test
    void withdrawals_ofCodesWithoutEnd_becomeOther() {
        FedHdsServer server = server(registry).build();
        for (int round = 1; round <= 40; round++) {
            server.open();
            server.accept(withdrawal(round, A, "code-" + round));
            server.accept(withdrawal(round, B, "code-1"));
            server.abandon();
        }
        assertEquals(33, registry.find("fedhds.withdrawals").counters().size());
        assertEquals(8, count("fedhds.withdrawals", "code", "other"));
        assertEquals(41, count("fedhds.withdrawals", "code", "code_1"));
    }

    @Test
    void messages_ofKindsThatAServerRefuses_areCountedToo() {
        FedHdsServer server = server(registry).build();
        server.accept(server.open());
        server.accept(Receipt.accepted(report(1, A, 1)));
        assertEquals(1, count("fedhds.messages", "kind", "opening", "refusal", "wrong_kind"));
        assertEquals(1, count("fedhds.messages", "kind", "receipt", "status", "accepted"));
        assertEquals(3, gauge("fedhds.round.missing"));
    }

    @Test
    void traffic_boundToARegistry_isShownAsItIs() {
        Traffic first = new Traffic();
        first.toServer(1, A, MessageKind.UPDATE, 1000);
        new TrafficMeters(first).bindTo(registry);
        Traffic traffic = new Traffic();
        new TrafficMeters(traffic).bindTo(registry);
        traffic.toServer(1, A, MessageKind.UPDATE, 70);
        traffic.toServer(1, A, MessageKind.UPDATE, 70);
        traffic.toClient(1, A, MessageKind.RECEIPT, 5);
        assertEquals(140, carried("fedhds.traffic", "to_server"), "of the one that was bound last");
        assertEquals(5, carried("fedhds.traffic", "to_clients"));
        assertEquals(2, carried("fedhds.traffic.messages", "to_server"));
        assertEquals(1, carried("fedhds.traffic.messages", "to_clients"));
        assertEquals(
                "bytes",
                registry.get("fedhds.traffic")
                        .functionCounters()
                        .iterator()
                        .next()
                        .getId()
                        .getBaseUnit());
        Traffic tagged = new Traffic();
        new TrafficMeters(tagged, List.of(Tag.of("run", "other"))).bindTo(registry);
        assertEquals(4, registry.find("fedhds.traffic").functionCounters().size());
    }

    private double carried(String name, String direction) {
        return registry.get(name).tag("direction", direction).functionCounter().count();
    }
}
