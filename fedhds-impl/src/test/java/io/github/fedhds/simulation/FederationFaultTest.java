package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregation;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs in which something fails: nothing hangs, no thread stays, and the federation can go on. */
@Timeout(60)
class FederationFaultTest extends OnTinyModel {
    @AfterEach
    void noThreadStays() throws InterruptedException {
        assertFalse(Thread.interrupted(), "a test has left its interrupt flag");
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("fedhds-client")) {
                thread.join(5_000); // its work is done, the thread itself may need a moment to end
                assertFalse(thread.isAlive(), "a client's thread is still there");
            }
        }
    }

    /** Four clients with all their samples, whose trainer is light and then changed by the test. */
    private static Federation.Builder federation(UnaryOperator<FedHdsClientBuilder> settings) {
        LocalTrainer trainer =
                (list, round) -> new TrainingResult(shifted(round.globalAdapter(), 1), list.size(), new double[] {1});
        return Federation.builder(fedHds())
                .clients(TinyFederation.clients(3, 4, 5, 6))
                .activeShare(1)
                .clientSettings(client -> settings.apply(TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer(trainer)))
                .serverSettings(server -> server.selector(new EverySelector()));
    }

    private static Adapter shifted(Adapter adapter, float by) {
        Map<String, Tensor> tensors = new HashMap<>();
        adapter.tensors().forEach((name, tensor) -> {
            float[] values = tensor.toArray();
            values[0] += by;
            tensors.put(name, new Tensor(tensor.shape(), values));
        });
        return new Adapter(tensors);
    }

    private static boolean isClient(RoundContext round, int client) {
        return round.client().equals(Optional.of(TinyFederation.id(client)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void run_extractorThrowsOnOneClient_failsWithItAndCanGoOn(int parallel) {
        RuntimeException failure = new UnsupportedOperationException("no features");
        AtomicBoolean fails = new AtomicBoolean(true);
        Federation federation = federation(client -> client.selector((candidates, round) -> {
                            candidates.points();
                            return new EverySelector().select(candidates, round);
                        })
                        .aroundFeatureExtractor(inner -> (list, round) -> {
                            if (fails.get() && isClient(round, 2)) {
                                throw failure;
                            }
                            return inner.extract(list, round);
                        }))
                .parallelClients(parallel)
                .build();
        Adapter first = federation.adapter();
        assertSame(failure, assertThrows(RuntimeException.class, federation::run));
        assertEquals(first, federation.adapter());
        fails.set(false);
        RoundResult result = federation.run().get(0).result();
        assertEquals(2, result.round(), "round 1 was abandoned");
        assertEquals(18, result.samples());
    }

    @Test
    void run_selectorFusionOrTrainerThrows_failsWithIt() {
        RuntimeException failure = new UnsupportedOperationException("not today");
        List<UnaryOperator<FedHdsClientBuilder>> settings = List.of(
                client -> client.selector((candidates, round) -> {
                    throw failure;
                }),
                client -> client.fusion((features, round) -> {
                            throw failure;
                        })
                        .selector((candidates, round) -> {
                            candidates.points();
                            throw new AssertionError("there are no points");
                        }),
                client -> client.aroundTrainer(inner -> (list, round) -> {
                    throw failure;
                }));
        for (UnaryOperator<FedHdsClientBuilder> setting : settings) {
            Federation federation = federation(setting).parallelClients(2).build();
            assertSame(failure, assertThrows(RuntimeException.class, federation::run));
        }
    }

    @Test
    void run_trainerThrowsAnError_isWrapped() {
        Error failure = new AssertionError("a bug");
        Federation federation = federation(client -> client.aroundTrainer(inner -> (list, round) -> {
                    throw failure;
                }))
                .build();
        assertSame(failure, assertThrows(FedHdsException.class, federation::run).getCause());
    }

    @Test
    void run_oneTrainerThrows_returnsOnlyWhenTheOthersHaveEnded() {
        AtomicInteger atWork = new AtomicInteger();
        AtomicInteger started = new AtomicInteger();
        CountDownLatch together = new CountDownLatch(3);
        Federation federation = federation(client -> client.aroundTrainer(inner -> (list, round) -> {
                    atWork.incrementAndGet();
                    started.incrementAndGet();
                    try {
                        await(together);
                        if (isClient(round, 0)) {
                            throw new UnsupportedOperationException("out of memory");
                        }
                        busyFor(300); // native code does not see interrupts
                        return inner.train(list, round);
                    } finally {
                        atWork.decrementAndGet();
                    }
                }))
                .parallelClients(3)
                .build();
        assertFails(UnsupportedOperationException.class, federation::run, "out of memory");
        assertEquals(0, atWork.get(), "a client was still at work after run");
        assertEquals(3, started.get(), "a client was started after the run had failed");
    }

    private static void await(CountDownLatch latch) {
        latch.countDown();
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void busyFor(long milliseconds) {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    /** Keeps receipts of training by client. */
    private static final class Receipts implements RoundListener {
        final Map<ClientId, Receipt> byClient = new HashMap<>();

        @Override
        public void received(AdapterUpdate update, Receipt receipt) {
            byClient.put(update.client(), receipt);
        }
    }

    @Test
    void run_trainersThatGiveBadAdapters_areRefusedAndTheRoundGoesOn() {
        Receipts receipts = new Receipts();
        LocalTrainer bad = (list, round) -> {
            Adapter adapter = round.globalAdapter();
            if (isClient(round, 0)) {
                adapter = shifted(adapter, Float.NaN);
            } else if (isClient(round, 1)) {
                adapter = Adapter.empty();
            } else if (isClient(round, 2)) {
                adapter = shifted(adapter, 1);
            } else {
                adapter = shifted(adapter, Float.POSITIVE_INFINITY);
            }
            return new TrainingResult(adapter, list.size(), new double[] {Double.NaN});
        };
        Federation federation =
                federation(client -> client.trainer(bad)).listener(receipts).build();
        Adapter first = federation.adapter();
        RoundResult result = federation.run().get(0).result();
        assertEquals(1, result.updates());
        assertEquals(5, result.samples());
        assertEquals(shifted(first, 1), federation.adapter());
        assertEquals(4, receipts.byClient.size());
        for (int client : new int[] {0, 1, 3}) {
            Receipt receipt = Objects.requireNonNull(receipts.byClient.get(TinyFederation.id(client)));
            assertEquals(Receipt.Status.REFUSED, receipt.status());
            assertTrue(receipt.reason().contains("tensor model.layers.0"), receipt.reason());
        }
        assertTrue(Objects.requireNonNull(receipts.byClient.get(TinyFederation.id(2)))
                .counts());
    }

    @Test
    void run_allUpdatesRefused_keepsTheAdapter() {
        Federation federation = federation(client -> client.aroundTrainer(inner -> (list, round) ->
                        new TrainingResult(shifted(round.globalAdapter(), Float.NaN), 1, new double[] {1})))
                .rounds(2)
                .build();
        Adapter first = federation.adapter();
        for (RoundReport report : federation.run()) {
            assertTrue(report.result().isEmpty());
            assertEquals(first.digest(), report.adapterSha256());
        }
    }

    @Test
    void run_serverPartThrows_failsWithItAndCanGoOn() {
        AtomicInteger calls = new AtomicInteger();
        Federation federation = federation(client -> client)
                .serverSettings(server -> server.selector((candidates, round) -> {
                            if (calls.incrementAndGet() == 1) {
                                throw new UnsupportedOperationException("no clusters");
                            }
                            return new EverySelector().select(candidates, round);
                        })
                        .aggregator((round, state) -> new Aggregation() {
                            @Override
                            public void accept(AdapterUpdate update) {}

                            @Override
                            public Adapter finish() {
                                return shifted(round.globalAdapter(), round.round() == 2 ? Float.NaN : 5);
                            }
                        }))
                .build();
        Adapter first = federation.adapter();
        assertFails(UnsupportedOperationException.class, federation::run, "no clusters");
        assertFails(IllegalStateException.class, federation::run, "aggregator", "failed in round 2", "holds NaN");
        assertEquals(first, federation.adapter());
        assertEquals(3, federation.run().get(0).result().round());
        assertEquals(shifted(first, 5), federation.adapter());
    }

    @Test
    void run_listenerThrowsOverAnEventOfTheFederation_failsWithItAndCanGoOn() {
        AtomicInteger calls = new AtomicInteger();
        Federation federation = federation(client -> client)
                .listener(new RoundListener() {
                    @Override
                    public void opened(RoundOpening opening) {
                        throw new UnsupportedOperationException("an event of the server changes nothing");
                    }

                    @Override
                    public void closed(RoundReport report) {
                        if (calls.incrementAndGet() == 1) {
                            throw new UnsupportedOperationException("disk is full");
                        }
                    }
                })
                .build();
        Adapter first = federation.adapter();
        assertFails(UnsupportedOperationException.class, federation::run, "disk is full");
        assertEquals(shifted(first, 1), federation.adapter(), "round 1 was over before the listener heard of it");
        assertEquals(2, federation.run().get(0).result().round());
    }

    @RepeatedTest(20) // threads may meet in many ways
    void run_interrupted_endsWithAnExceptionAndKeepsTheFlag() throws InterruptedException {
        CountDownLatch training = new CountDownLatch(1);
        AtomicInteger interruptions = new AtomicInteger();
        AtomicInteger started = new AtomicInteger();
        Federation federation = federation(client -> client.aroundTrainer(inner -> (list, round) -> {
                    started.incrementAndGet();
                    training.countDown();
                    try {
                        Thread.sleep(30_000);
                    } catch (InterruptedException e) {
                        interruptions.incrementAndGet();
                    }
                    return inner.train(list, round);
                }))
                .parallelClients(2)
                .build();
        AtomicReference<Object> end = new AtomicReference<>("none");
        AtomicBoolean flag = new AtomicBoolean();
        Thread runner = new Thread(() -> {
            try {
                end.set(federation.run());
            } catch (RuntimeException e) {
                end.set(e);
            }
            flag.set(Thread.currentThread().isInterrupted());
        });
        runner.start();
        assertTrue(training.await(20, TimeUnit.SECONDS));
        runner.interrupt();
        runner.join(20_000);
        assertFalse(runner.isAlive());
        FedHdsException failure = assertInstanceOf(FedHdsException.class, end.get());
        assertInstanceOf(InterruptedException.class, failure.getCause());
        assertTrue(flag.get(), "the interrupt flag is kept");
        assertEquals(started.get(), interruptions.get(), "clients at work are told");
        assertTrue(started.get() <= 2, "no further client starts");
    }

    @Test
    void run_interruptedBefore_doesNotTrain() {
        AtomicInteger trained = new AtomicInteger();
        Federation federation = federation(client -> client.aroundTrainer(inner -> (list, round) -> {
                    trained.incrementAndGet();
                    return inner.train(list, round);
                }))
                .build();
        Adapter first = federation.adapter();
        Thread.currentThread().interrupt();
        assertFails(FedHdsException.class, federation::run, "interrupted while clients were at work");
        assertTrue(Thread.interrupted(), "the interrupt flag is kept");
        assertEquals(0, trained.get());
        assertEquals(first, federation.adapter());
        assertEquals(18, federation.run().get(0).result().samples());
    }

    @Test
    void run_clientSettingsOfAnotherClient_isRefusedByName() {
        List<FedHdsClientBuilder> others = new ArrayList<>();
        FedHds fedHds = fedHds();
        others.add(fedHds.client(new ClientId("impostor")));
        Federation federation = federation(client -> others.get(0)).build();
        assertFails(IllegalArgumentException.class, federation::run, "does not name client impostor");
    }
}
