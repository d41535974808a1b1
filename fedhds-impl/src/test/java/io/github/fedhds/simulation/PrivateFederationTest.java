package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.BudgetSpentException;
import io.github.fedhds.FedHdsClientBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.privacy.Bound;
import io.github.fedhds.privacy.CentralNoise;
import io.github.fedhds.privacy.CentroidNoise;
import io.github.fedhds.privacy.NoiseSource;
import io.github.fedhds.privacy.PrivacyBudget;
import io.github.fedhds.privacy.PrivacyLedger;
import io.github.fedhds.privacy.PrivacySpent;
import io.github.fedhds.privacy.UpdateNoise;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.secure.MaskedAggregation;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs with noise and with secure aggregation: what is spent, what a resume repeats, what stays equal. */
class PrivateFederationTest {
    private static final PrivacyBudget BUDGET = new PrivacyBudget(1000, 1e-5);
    private static final int ROUNDS = 3;

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path models;

    @TempDir
    private Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(models, 1, 16, 2, 128);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static FedHdsBuilder fedHds() {
        return FedHds.on(model)
                .template(TinyFederation.SHORT)
                .lora(LoraConfig.defaults().withTargetModules(List.of("q_proj")));
    }

    /** Each client's choice depends on its own data only. */
    private static FedHdsBuilder alone() {
        return fedHds().selection(Selection.everything());
    }

    private static FedHds noised() {
        return fedHds().centroidNoise(CentroidNoise.spending(BUDGET, 3, Bound.tanh(50), 2, 2 * ROUNDS))
                .updateNoise(UpdateNoise.spending(BUDGET, 1, 2 * ROUNDS))
                .repeatableNoise(true)
                .build();
    }

    private Federation.Builder federation(FedHds of, String checkpoint) {
        return Federation.builder(of)
                .clients(TinyFederation.clients(3, 4, 5, 6))
                .activeShare(1)
                .rounds(ROUNDS)
                .seed(7)
                .clientSettings(clientRoles())
                .serverSettings(server -> server.selector(new EverySelector()))
                .checkpoint(folder.resolve(checkpoint), Map.of());
    }

    private static UnaryOperator<FedHdsClientBuilder> clientRoles() {
        return client -> TinyFederation.light(client)
                .selector(new EverySelector())
                .trainer((list, round) -> {
                    double step = round.random("test").nextDouble() / 50;
                    Map<String, Tensor> next = new HashMap<>();
                    round.globalAdapter()
                            .tensors()
                            .forEach((name, from) -> next.put(name, Tensor.of(from.shape(), i ->
                                    (float) (from.get(i) + step * (i % 5 - 2)))));
                    return new TrainingResult(new Adapter(next), list.size(), new double[] {step});
                });
    }

    private static UnaryOperator<Federation.Builder> ledgers(long seed) {
        Map<ClientId, PrivacyLedger> ledgers = new HashMap<>();
        return builder -> builder.ledgers(client -> {
            synchronized (ledgers) {
                return ledgers.computeIfAbsent(
                        client, id -> PrivacyLedger.inMemory(BUDGET, NoiseSource.repeatable(seed + id.hashCode())));
            }
        });
    }

    private static String run(Federation.Builder builder) {
        Federation federation = builder.build();
        federation.run();
        return federation.adapter().digest();
    }

    @Test
    void resumedRun_withRepeatableNoise_hasTheBytesOfAWholeRun() {
        String whole = run(ledgers(1).apply(federation(noised(), "whole")));
        run(ledgers(1).apply(federation(noised(), "parted")).rounds(1));
        assertEquals(whole, run(ledgers(1).apply(federation(noised(), "parted")).resume(true)));
        assertNotEquals(whole, run(ledgers(2).apply(federation(noised(), "other"))));
    }

    @Test
    void noiseOfTheServer_isRepeatedOrSecret_andStopsAtTheBudget() {
        CentralNoise secret = CentralNoise.spending(BUDGET, 1, 1, 4, ROUNDS);
        FedHds repeatable = alone().aggregator(secret.from(NoiseSource.repeatable(3)))
                .repeatableNoise(true)
                .build();
        String whole = run(federation(repeatable, "whole"));
        run(federation(repeatable, "parted").rounds(2));
        assertEquals(whole, run(federation(repeatable, "parted").resume(true)));
        FedHds safe = alone().aggregator(secret).build();
        assertNotEquals(run(federation(safe, "one")), run(federation(safe, "two")), "equal seeds");
        Federation longer = federation(safe, "three").rounds(ROUNDS + 1).build();
        BudgetSpentException spent = assertThrows(BudgetSpentException.class, longer::run);
        assertTrue(String.valueOf(spent.getMessage()).contains("round 4"), spent::getMessage);
        assertThrows(
                IllegalStateException.class,
                () -> Federation.builder(safe)
                        .clients(TinyFederation.clients(3, 3))
                        .build()
                        .run(),
                "noise for four clients");
    }

    @Test
    void reports_sayWhatIsSpent_andThatRepeatableNoiseProtectsNothing() {
        Federation federation = ledgers(1).apply(federation(noised(), "run")).build();
        List<RoundReport> reports = federation.run();
        double before = 0;
        for (RoundReport report : reports) {
            PrivacySpent spent = report.privacy().orElseThrow();
            assertTrue(spent.epsilon() > before && spent.left() < 1000, "" + spent);
            assertFalse(spent.secret());
            before = spent.epsilon();
        }
        assertEquals(1000, before, 1e-3, "all that was planned");
        Federation resumed =
                ledgers(1).apply(federation(noised(), "run")).resume(true).build();
        assertEquals(TinyFederation.withoutSeconds(reports), TinyFederation.withoutSeconds(resumed.run()), "as saved");
    }

    /** Nobody can tell from the adapter that a round had no client. */
    @Test
    void roundWithoutClients_hasNoise() {
        CentralNoise rare = CentralNoise.of(BUDGET, 1, 1, 1e-9, 4);
        Federation federation =
                federation(alone().aggregator(rare).build(), "rare").rounds(1).build();
        Adapter first = federation.adapter();
        RoundReport report = federation.run().get(0);
        assertEquals(0, report.clients().size());
        assertEquals(Optional.empty(), report.result().voidReason());
        assertNotEquals(first.digest(), federation.adapter().digest());
        assertThrows(
                IllegalArgumentException.class,
                () -> federation(alone().aggregator(rare).build(), "least")
                        .serverSettings(server -> server.minAnswers(1))
                        .build());
    }

    @Test
    void roundWithoutClients_withNoiseOfClientsToo_reportsTheServers() {
        CentralNoise rare = CentralNoise.of(BUDGET, 1, 1, 1e-9, 4);
        FedHds both = alone().aggregator(rare)
                .updateNoise(UpdateNoise.spending(BUDGET, 1, 1))
                .repeatableNoise(true)
                .build();
        RoundReport report = ledgers(1)
                .apply(federation(both, "both"))
                .rounds(1)
                .build()
                .run()
                .get(0);
        assertEquals(0, report.clients().size());
        assertEquals(Optional.of(rare.spent(1)), report.privacy());
    }

    @Test
    void secureAggregation_setOnTheBuildersOfClientsAndServer_works() {
        MaskedAggregation sums = MaskedAggregation.of(2);
        String expected = run(federation(fedHds().secureAggregation(sums).build(), "whole"));
        FedHds plain = fedHds().build();
        Federation.Builder parts = federation(plain, "parts")
                .serverSettings(server -> server.selector(new EverySelector()).secureAggregation(sums));
        UnaryOperator<FedHdsClientBuilder> roles = clientRoles();
        assertEquals(
                expected, run(parts.clientSettings(client -> roles.apply(client).secureAggregation(sums))));
    }

    @Test
    void secureRun_isNearThePlainOne_andResumesWithTheSameBytes() {
        FedHds secure = fedHds().secureAggregation(MaskedAggregation.of(2)).build();
        Federation plain = federation(fedHds().build(), "plain").build();
        List<RoundReport> exact = plain.run();
        Federation whole = federation(secure, "whole").parallelClients(3).build();
        List<RoundReport> summed = whole.run();
        for (int i = 0; i < ROUNDS; i++) {
            assertEquals(exact.get(i).result().samples(), summed.get(i).result().samples());
            assertEquals(
                    exact.get(i).result().meanLoss(), summed.get(i).result().meanLoss(), 1e-5);
        }
        double distance = Math.sqrt(plain.adapter().squaredDistance(whole.adapter()));
        assertTrue(distance > 0 && distance < 1e-4, "rounded: " + distance);
        run(federation(secure, "parted").rounds(1));
        assertEquals(whole.adapter().digest(), run(federation(secure, "parted").resume(true)));
        assertTrue(whole.traffic().total().bytesUp() > plain.traffic().total().bytesUp(), "keys and shares count");
    }

    @Test
    void secureAggregation_withNoiseOfClients_clipsNoNoise() {
        UpdateNoise noise = UpdateNoise.spending(BUDGET, 1, ROUNDS);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> fedHds().updateNoise(noise)
                        .secureAggregation(MaskedAggregation.of(1))
                        .build());
        assertTrue(String.valueOf(e.getMessage()).contains("raise that norm"), e::getMessage);
        FedHds both = fedHds().updateNoise(noise)
                .repeatableNoise(true)
                .secureAggregation(MaskedAggregation.of(1000))
                .build();
        List<RoundReport> reports =
                ledgers(1).apply(federation(both, "both")).build().run();
        assertEquals(Optional.empty(), reports.get(0).result().voidReason());
        assertTrue(Double.isNaN(reports.get(0).result().meanLoss()), "no client says its loss");
        assertEquals(4, reports.get(0).result().samples(), "equal weights");
    }

    @Test
    void settingsThatDoNotFit_areRefusedWhenBuilt() {
        FedHds secure = fedHds().secureAggregation(MaskedAggregation.defaults()).build();
        assertThrows(
                IllegalArgumentException.class,
                () -> federation(secure, "x")
                        .serverSettings(server -> server.aggregator(FedAvg.equally()))
                        .build());
        assertThrows(
                IllegalStateException.class, () -> federation(noised(), "y").build(), "no ledgers");
        assertThrows(
                IllegalStateException.class,
                () -> fedHds().build()
                        .client(TinyFederation.id(0), PrivacyLedger.inMemory(BUDGET, NoiseSource.secret())));
        for (FedHdsBuilder seeded : List.of(
                alone().aggregator(CentralNoise.of(BUDGET, 1, 1, 1, 4).from(NoiseSource.repeatable(1))),
                alone().aggregator(FedOpt.fedAvgM()
                        .mean(CentralNoise.of(BUDGET, 1, 1, 1, 4).from(NoiseSource.repeatable(1)))
                        .build()))) {
            IllegalStateException e = assertThrows(IllegalStateException.class, seeded::build);
            assertTrue(String.valueOf(e.getMessage()).contains("protects nothing"), e::getMessage);
        }
        FedHds strict = fedHds().updateNoise(new UpdateNoise(1, 1)).build();
        IllegalStateException e = assertThrows(
                IllegalStateException.class,
                () -> strict.client(TinyFederation.id(0), PrivacyLedger.inMemory(BUDGET, NoiseSource.repeatable(1))));
        assertTrue(String.valueOf(e.getMessage()).contains("take a ledger with NoiseSource.secret()"), e::getMessage);
        IllegalStateException choice = assertThrows(
                IllegalStateException.class,
                () -> fedHds().aggregator(CentralNoise.of(BUDGET, 1, 1, 1, 4)).build());
        assertTrue(String.valueOf(choice.getMessage()).contains("what the others train on"), choice::getMessage);
    }
}
