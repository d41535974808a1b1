package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.SettingsMismatchException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.UntrainedRun;
import io.github.fedhds.monitoring.UntrainedRun.Cause;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A run that trains nothing says why, names the setting that helps, and fails where only a setting can help. */
class UntrainedRunTest extends OnTinyModel {
    private final List<UntrainedRun> told = new ArrayList<>();

    /** Three clients with all their samples, two rounds. */
    private Federation.Builder federation(UnaryOperator<FedHdsClientBuilder> settings) {
        return Federation.builder(fedHds())
                .clients(TinyFederation.clients(3, 4, 5))
                .activeShare(1)
                .rounds(2)
                .clientSettings(client -> settings.apply(TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer(trainer(Map.of()))))
                .serverSettings(server -> server.selector(new EverySelector()))
                .listener(new RoundListener() {
                    @Override
                    public void untrained(UntrainedRun run) {
                        told.add(run);
                    }
                });
    }

    private enum Fault {
        NAN,
        SHAPE,
        NAMES,
        NOTHING,
        THROWS
    }

    /** Changes one number, or what the fault of the client says. */
    private static LocalTrainer trainer(Map<Integer, Fault> faults) {
        return (list, round) -> {
            Map<String, Tensor> tensors = new HashMap<>(round.globalAdapter().tensors());
            String first = tensors.keySet().iterator().next();
            Tensor old = Objects.requireNonNull(tensors.remove(first));
            Optional<Fault> fault = faults.entrySet().stream()
                    .filter(entry -> isClient(round, entry.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst();
            if (fault.equals(Optional.of(Fault.NOTHING))) {
                return new TrainingResult(round.globalAdapter(), 0, new double[0], 0, list.size(), 0);
            }
            if (fault.equals(Optional.of(Fault.THROWS))) {
                throw new UnsupportedOperationException("no memory");
            }
            float[] values = old.toArray();
            values[0] = fault.equals(Optional.of(Fault.NAN)) ? Float.NaN : values[0] + 1;
            tensors.put(
                    fault.equals(Optional.of(Fault.NAMES)) ? "other" : first,
                    new Tensor(
                            fault.equals(Optional.of(Fault.SHAPE)) ? new int[] {values.length} : old.shape(), values));
            return new TrainingResult(new Adapter(tensors), list.size(), new double[] {1});
        };
    }

    private static boolean isClient(RoundContext round, int client) {
        return round.client().equals(Optional.of(TinyFederation.id(client)));
    }

    private Federation.Builder faulty(Fault... ofClients) {
        Map<Integer, Fault> faults = new HashMap<>();
        for (int client = 0; client < ofClients.length; client++) {
            faults.put(client, ofClients[client]);
        }
        return federation(client -> client.trainer(trainer(faults)));
    }

    private void assertTold(Cause cause, Map<Refusal, Long> refusals, boolean ofSettings, String... parts) {
        assertEquals(1, told.size());
        UntrainedRun run = told.get(0);
        assertEquals(cause, run.cause(), run.reason());
        assertEquals(refusals, run.refusals(), run.reason());
        assertEquals(ofSettings, run.ofSettings(), run.reason());
        for (String part : parts) {
            assertTrue(run.reason().contains(part), run.reason());
        }
    }

    @Test
    void run_thatTrainsInOneRound_tellsNothing() {
        Federation federation = federation(client -> client.trainer((list, round) ->
                        trainer(round.round() == 1 ? Map.of() : all(Fault.NAN)).train(list, round)))
                .build();
        federation.run();
        assertEquals(List.of(), told);
        federation.run();
        assertEquals(List.of(), told, "an earlier call of run has trained");
    }

    private static Map<Integer, Fault> all(Fault fault) {
        return Map.of(0, fault, 1, fault, 2, fault);
    }

    @Test
    void noGroupChosen_saysSo() {
        federation(client -> client)
                .serverSettings(server -> server.selector((candidates, round) -> Coreset.empty()))
                .build()
                .run();
        assertTold(
                Cause.NO_GROUP_CHOSEN,
                Map.of(),
                false,
                "none of 2 rounds has changed the adapter: no group was chosen among 6 centroids; choose by another"
                        + " Selection"); // all clients are in each round, so more are no advice
    }

    @Test
    void noGroupChosen_notAllClients_advisesMore() {
        federation(client -> client)
                .activeShare(0.4)
                .serverSettings(server -> server.selector((candidates, round) -> Coreset.empty()))
                .build()
                .run();
        assertTold(
                Cause.NO_GROUP_CHOSEN,
                Map.of(),
                false,
                "give a round more clients (activeShare), or choose by another Selection");
    }

    @Test
    void noGroupFound_saysSo() {
        federation(client -> client.selector((candidates, round) -> Coreset.empty()))
                .build()
                .run();
        assertTold(Cause.NO_GROUP_CHOSEN, Map.of(), false, "no client found a group in its samples", "more samples");
    }

    @Test
    void allWithdrew_saysWithWhichCode() {
        faulty(Fault.NOTHING, Fault.NOTHING, Fault.NOTHING).build().run();
        assertTold(
                Cause.ALL_WITHDREW,
                Map.of(Refusal.NOTHING_TRAINED, 6L),
                false,
                "clients withdrew (6 nothing-trained)",
                "raise maxTokens");
    }

    @Test
    void allRefused_saysWithWhichCode() {
        faulty(Fault.NAN, Fault.NAN, Fault.NAN).build().run();
        assertTold(
                Cause.ALL_REFUSED,
                Map.of(Refusal.NOT_FINITE, 6L),
                false,
                "messages were refused (6 not-finite)",
                "lower the learning rate");
    }

    @Test
    void allVoid_saysWhy() {
        faulty(Fault.NAN, Fault.NAN)
                .serverSettings(server -> server.selector(new EverySelector()).minAnswers(2))
                .build()
                .run();
        assertTold(
                Cause.ALL_VOID,
                Map.of(Refusal.NOT_FINITE, 4L),
                false,
                "all are void, the last one because 1 updates came of 3",
                "lower minAnswers or minShare");
    }

    @Test
    void severalCauses_areAllNamed() {
        faulty(Fault.NAN, Fault.NOTHING, Fault.THROWS).failedClients(1).build().run();
        assertTold(
                Cause.SEVERAL,
                Map.of(Refusal.NOT_FINITE, 2L, Refusal.NOTHING_TRAINED, 2L),
                false,
                "messages were refused (2 not-finite), clients withdrew (2 nothing-trained)",
                "the work of clients threw (2 times)");
    }

    @Test
    void adaptersOfAnotherForm_failTheRun() {
        Federation shapes = faulty(Fault.SHAPE, Fault.SHAPE, Fault.SHAPE).build();
        assertFails(FedHdsException.class, shapes::run, "6 wrong-shape", "the same LoRA rank");
        assertTold(Cause.ALL_REFUSED, Map.of(Refusal.WRONG_SHAPE, 6L), true);
        told.clear();
        Federation names = faulty(Fault.NAMES, Fault.NAMES, Fault.NAMES).build();
        assertFails(FedHdsException.class, names::run, "6 wrong-names", "the same LoRA target modules");
        assertTold(Cause.ALL_REFUSED, Map.of(Refusal.WRONG_NAMES, 6L), true);
    }

    @Test
    void centroidsOfAnotherNumberOfAxes_failTheRun() {
        Federation federation = federation(client -> client)
                .serverSettings(server -> server.selector(new EverySelector()).dimensions(3))
                .build();
        assertFails(FedHdsException.class, federation::run, "6 wrong-shape", "FedHdsServerBuilder.dimensions");
        assertTold(Cause.ALL_REFUSED, Map.of(Refusal.WRONG_SHAPE, 6L), true);
    }

    @Test
    void someClientsOfAnotherForm_doNotFailTheRun() {
        faulty(Fault.SHAPE, Fault.NAN, Fault.SHAPE).build().run();
        assertFalse(told.get(0).ofSettings(), "another cause beside it");
        told.clear();
        faulty(Fault.SHAPE, Fault.SHAPE, Fault.THROWS).failedClients(1).build().run();
        assertFalse(told.get(0).ofSettings(), "a client may fit, had its work not failed");
        told.clear();
        faulty(Fault.SHAPE, Fault.SHAPE).build().run();
        assertEquals(List.of(), told, "one client trains");
    }

    @Test
    void agreedSettingsThatDiffer_failTheRunAtOnce() {
        Federation federation = federation(client -> client.agreedSettings(Map.of("alpha", "16")))
                .serverSettings(server -> server.selector(new EverySelector()).agreedSettings(Map.of("alpha", "32")))
                .failedClients(2)
                .build();
        assertFails(
                SettingsMismatchException.class,
                federation::run,
                "alpha: the server has 32",
                "has 16",
                "give both sides equal settings");
    }
}
