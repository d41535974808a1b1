package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.FedOpt;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.file.Disk;
import io.github.fedhds.internal.file.FailingDisk;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.JsonLinesListener;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.selection.RandomSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that end anywhere and go on: the same bits, and no client of a saved round trained twice. */
class ResumeTest {
    private static final int ROUNDS = 4;

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path models;

    @TempDir
    private Path folder = Path.of("");

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    private final List<String> trainings = Collections.synchronizedList(new ArrayList<>());
    private int trainsUntil = Integer.MAX_VALUE;

    @BeforeAll
    static void load() {
        TinyFederation.model(models, 1, 16, 2, 128).close();
        model = LanguageModel.load(models, ModelOptions.defaults().withThreads(1));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static FedHds fedHds(LanguageModel of) {
        return FedHds.on(of)
                .epochs(1)
                .template(TinyFederation.SHORT)
                .lora(LoraConfig.defaults().withTargetModules(List.of("q_proj")))
                .build();
    }

    private static Adapter sum(Adapter some, double factor, Adapter others) {
        Map<String, Tensor> tensors = new TreeMap<>();
        some.tensors().forEach((name, tensor) -> {
            float[] values = tensor.toArray();
            Tensor other = others.tensors().get(name);
            for (int i = 0; i < values.length && other != null; i++) {
                values[i] += (float) (factor * other.get(i));
            }
            tensors.put(name, new Tensor(tensor.shape(), values));
        });
        return new Adapter(tensors);
    }

    /** A rule with a state. */
    private static Aggregator momentum() {
        return FedOpt.fedAvgM().mean(FedAvg.equally()).beta1(0.5).build();
    }

    /** A result that hangs on the run's seed, on round and client, and on all rounds before. */
    private TrainingResult train(List<Instruction> list, RoundContext round) {
        if (trainings.size() >= trainsUntil) {
            throw new FailingDisk.Crash();
        }
        trainings.add(round.round() + " " + round.client().orElseThrow());
        double random = round.random("test").nextDouble();
        return new TrainingResult(
                sum(round.globalAdapter(), random, round.globalAdapter()), list.size(), new double[] {random});
    }

    private static double score(Adapter adapter) {
        return Long.parseLong(adapter.digest().substring(0, 8), 16) / 0x1p32;
    }

    private Federation.Builder federation(Path checkpoint) {
        return federation(checkpoint, fedHds(model), "tiny", 3, 4, 5, 6, 2, 3);
    }

    private Federation.Builder federation(Path checkpoint, FedHds of, String data, int... sizes) {
        LocalTrainer trainer = this::train;
        return Federation.builder(of)
                .clients(TinyFederation.clients(sizes))
                .activeShare(0.5)
                .rounds(ROUNDS)
                .seed(7)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer(trainer))
                .serverSettings(server -> server.selector(new EverySelector()).aggregator(momentum()))
                .evaluation(1, ResumeTest::score)
                .checkpoint(checkpoint, Map.of("data", data));
    }

    /** Keeps what a resume says. */
    private static final class Past implements RoundListener {
        private int rounds;
        private int events;
        private Optional<String> damage = Optional.empty();

        @Override
        public void resumed(List<RoundReport> past, Optional<String> why) {
            rounds = past.size();
            damage = why;
            events++;
        }
    }

    private record Outcome(
            List<RoundReport> reports, String adapter, Optional<BestRound> best, List<String> trainings) {}

    private Outcome undisturbed() {
        Federation federation = federation(folder.resolve("undisturbed")).build();
        List<RoundReport> reports = TinyFederation.withoutSeconds(federation.run());
        assertEquals(ROUNDS, reports.size());
        assertEquals(3 * ROUNDS, trainings.size());
        return new Outcome(reports, federation.adapter().digest(), federation.best(), List.copyOf(trainings));
    }

    /** Resumes, and compares with a run that was never disturbed. */
    private Past assertGoesOn(Path checkpoint, Outcome wanted, String where) {
        trainings.clear();
        trainsUntil = Integer.MAX_VALUE;
        Past past = new Past();
        Federation federation =
                federation(checkpoint).resume(true).listener(past).build();
        assertEquals(wanted.reports(), TinyFederation.withoutSeconds(federation.run()), where);
        assertEquals(wanted.adapter(), federation.adapter().digest(), where);
        assertEquals(wanted.best(), federation.best(), where);
        List<String> due = wanted.trainings().stream()
                .filter(training -> Integer.parseInt(training.split(" ", 2)[0]) > past.rounds)
                .toList();
        assertEquals(due, trainings, where + ": clients of a saved round were trained again");
        assertEquals(past.rounds > 0 ? 1 : 0, past.events, where);
        return past;
    }

    @Test
    void resume_afterAFailureAtEveryStepOfTheDisk_givesTheSameBytes() {
        Outcome wanted = undisturbed();
        int runs = 0;
        int trained = 0;
        for (FailingDisk.Failure failure : FailingDisk.failures()) {
            boolean crashed = true;
            for (int step = 1; crashed; step++) {
                Path checkpoint = folder.resolve(failure + "-" + step);
                trainings.clear();
                Federation federation = federation(checkpoint)
                        .disk(new FailingDisk(checkpoint, failure, step))
                        .build();
                try {
                    federation.run();
                    crashed = false;
                } catch (FailingDisk.Crash e) {
                    runs++;
                }
                int before = trainings.size();
                Past past = assertGoesOn(checkpoint, wanted, failure + " at step " + step);
                trained += trainings.size();
                assertTrue(before + trainings.size() <= 3 * (ROUNDS + 1), () -> "more than one round came twice");
                assertTrue(past.damage.isEmpty(), () -> failure + " left a damaged checkpoint: " + past.damage);
                assertTrue(crashed || past.rounds == ROUNDS);
            }
        }
        System.out.printf(
                "resumed after %d failures of the disk: same bytes, %d trainings of %d that the runs had in all%n",
                runs, trained, (runs + 3) * 3 * ROUNDS);
        assertTrue(runs > 150, () -> "few steps were tried");
    }

    @Test
    void resume_afterAnEndAtEveryTraining_givesTheSameBytes() {
        Outcome wanted = undisturbed();
        for (int count = 0; count < 3 * ROUNDS; count++) {
            Path checkpoint = folder.resolve("trained-" + count);
            trainings.clear();
            trainsUntil = count;
            Federation federation = federation(checkpoint).build();
            assertThrows(FedHdsException.class, federation::run);
            Past past = assertGoesOn(checkpoint, wanted, "after " + count + " trainings");
            assertEquals(count / 3, past.rounds);
        }
    }

    @Test
    void resume_againAndAgainWithTheNewestDamaged_givesTheSameBytes() throws IOException {
        Outcome wanted = undisturbed();
        Path checkpoint = folder.resolve("damaged");
        for (int rounds = 1; rounds <= 3; rounds++) {
            federation(checkpoint).rounds(rounds).resume(true).build().run();
        }
        byte[] bytes = Files.readAllBytes(checkpoint.resolve("checkpoint"));
        bytes[bytes.length / 2] ^= 16;
        Files.write(checkpoint.resolve("checkpoint"), bytes);
        Past past = assertGoesOn(checkpoint, wanted, "a damaged checkpoint");
        assertEquals(2, past.rounds);
        assertTrue(past.damage.orElse("").contains("checkpoint"), () -> "said: " + past.damage);
        assertEquals(ROUNDS, assertGoesOn(checkpoint, wanted, "a run that is over").rounds);
        assertEquals(List.of(), trainings);
    }

    @Test
    void resume_serverOptimizers_haveTheirStatesAgain() {
        Map<String, Supplier<Aggregator>> rules = Map.of(
                "FedAvgM", () -> FedOpt.fedAvgM().build(),
                "FedAdam", () -> FedOpt.fedAdam().build(),
                "FedYogi", () -> FedOpt.fedYogi().build(),
                "FedAdagrad", () -> FedOpt.fedAdagrad().build());
        rules.forEach((name, rule) -> {
            List<String> digests = new ArrayList<>();
            for (int[] stops : new int[][] {{ROUNDS}, {1, 2, 3, ROUNDS}}) {
                Path checkpoint = folder.resolve(name + stops.length);
                String digest = "";
                for (int rounds : stops) {
                    Federation federation = federation(checkpoint)
                            .rounds(rounds)
                            .serverSettings(server ->
                                    server.selector(new EverySelector()).aggregator(rule.get()))
                            .resume(true)
                            .build();
                    federation.run();
                    digest = federation.adapter().digest();
                }
                digests.add(digest);
            }
            assertEquals(digests.get(0), digests.get(1), name);
        });
    }

    @Test
    void resume_whereThereIsNothing_begins() {
        Outcome wanted = undisturbed();
        assertEquals(0, assertGoesOn(folder.resolve("new"), wanted, "nothing there").rounds);
    }

    @Test
    void build_folderThatHoldsARun_isRefusedUnlessResumed() {
        Path checkpoint = folder.resolve("held");
        federation(checkpoint).rounds(2).build().run();
        assertFails(
                FedHdsException.class,
                () -> federation(checkpoint).build(),
                "held holds a run after 2 rounds; resume it, or delete");
        new CheckpointFolder(checkpoint).delete();
        federation(checkpoint).build();
    }

    @Test
    void run_folderThatAnotherRunHas_isRefusedBeforeAnyWork() {
        Path checkpoint = folder.resolve("shared");
        Federation second = federation(checkpoint).rounds(2).build();
        List<String> told = new ArrayList<>();
        federation(checkpoint)
                .rounds(2)
                .listener(new RoundListener() {
                    @Override
                    public void closed(RoundReport report) {
                        told.add(assertFails(FedHdsException.class, second::run, "another federation runs"));
                        assertFails(
                                FedHdsException.class,
                                () -> new CheckpointFolder(checkpoint).delete(),
                                "another federation runs");
                    }
                })
                .build()
                .run();
        assertEquals(2, told.size());
        assertFails(
                FedHdsException.class,
                second::run,
                "holds a run after 2 rounds, this one left it after 0",
                "meanwhile");
        assertEquals(
                Optional.of(new CheckpointFolder.Saved(2, CheckpointFolder.End.LAST_ROUND)),
                new CheckpointFolder(checkpoint).saved(),
                "nothing of it is lost");
        assertEquals(
                4, federation(checkpoint).rounds(4).resume(true).build().run().size());
    }

    @Test
    void run_afterSavesThatFailed_goesOn() {
        Path checkpoint = folder.resolve("full");
        int[] fails = {2}; // the first save is done but for the force of its folder, the second not begun
        Disk disk = new Disk() {
            @Override
            public Output create(Path file) throws IOException {
                if (fails[0] == 1) {
                    fails[0]--;
                    throw new IOException("no space");
                }
                return Disk.real().create(file);
            }

            @Override
            public void move(Path from, Path to) throws IOException {
                Disk.real().move(from, to);
            }

            @Override
            public void forceFolder(Path parent) throws IOException {
                if (fails[0] == 2 && parent.endsWith("full")) {
                    fails[0]--;
                    throw new IOException("no force");
                }
                Disk.real().forceFolder(parent);
            }
        };
        Federation federation = federation(checkpoint).disk(disk).rounds(1).build();
        assertFails(FedHdsException.class, federation::run, "no force");
        assertFails(FedHdsException.class, federation::run, "no space");
        assertEquals(3, federation.run().get(0).round());
        assertEquals(
                Optional.of(new CheckpointFolder.Saved(3, CheckpointFolder.End.LAST_ROUND)),
                new CheckpointFolder(checkpoint).saved());
    }

    @Test
    void resume_serverThatCannotBeBuilt_isNotBlamedOnTheCheckpoint() {
        Path checkpoint = folder.resolve("least");
        federation(checkpoint).rounds(1).build().run();
        Federation.Builder bad = federation(checkpoint)
                .resume(true)
                .serverSettings(server -> server.selector(new EverySelector())
                        .aggregator(momentum())
                        .minAnswers(7));
        String message = assertFails(IllegalArgumentException.class, bad::build, "the answers of 7");
        assertFalse(message.contains("checkpoint"), message);
    }

    @Test
    void resume_ofOtherSettings_isRefusedWithTheWayOut() {
        Path checkpoint = folder.resolve("run");
        federation(checkpoint).rounds(2).build().run();
        String wayOut = "; resume with what it was made with, or start anew in another folder";
        refused(federation(checkpoint).seed(8), "of seed 7, this run has 8", wayOut);
        refused(federation(checkpoint).activeShare(0.6), "made with active share 0.5, this run has 0.6", wayOut);
        refused(federation(checkpoint, fedHds(model), "tiny", 3, 4, 5, 6, 2), "of other clients", wayOut);
        refused(
                federation(checkpoint, fedHds(model), "mine", 3, 4, 5, 6, 2, 3),
                "made with data tiny, this run has mine",
                wayOut);
        refused(
                federation(checkpoint).checkpoint(checkpoint, Map.of()),
                "data tiny, which is not set in this run",
                wayOut);
        refused(
                federation(checkpoint)
                        .serverSettings(server -> server.runId("other")
                                .selector(new EverySelector())
                                .aggregator(momentum())),
                "of run federation, this run is other",
                wayOut);
        refused(
                federation(checkpoint).serverSettings(server -> server.selector(new EverySelector())),
                "made with aggregator FedAvgM[learning rate 1.0, beta1 0.5, FedAvg[equally]],"
                        + " this run has FedAvg[by samples]",
                wayOut);
        FedHds wide = FedHds.on(model).template(TinyFederation.SHORT).build();
        refused(
                federation(checkpoint, wide, "tiny", 3, 4, 5, 6, 2, 3),
                "of LoRA target modules q_proj, this run has all-linear",
                wayOut);
        try (LanguageModel threads =
                        LanguageModel.load(models, ModelOptions.defaults().withThreads(2));
                LanguageModel other = TinyFederation.model(folder.resolve("model"), 2, 16, 2, 128)) {
            refused(
                    federation(checkpoint, fedHds(threads), "tiny", 3, 4, 5, 6, 2, 3),
                    "made with threads 1, this run has 2, which changes the last bits",
                    wayOut);
            refused(federation(checkpoint, fedHds(other), "tiny", 3, 4, 5, 6, 2, 3), " was made with ", wayOut);
        }
        assertEquals(
                Optional.of(new CheckpointFolder.Saved(2, CheckpointFolder.End.LAST_ROUND)),
                new CheckpointFolder(checkpoint).saved());
        assertEquals(
                4,
                federation(checkpoint)
                        .parallelClients(3)
                        .patience(9)
                        .resume(true)
                        .build()
                        .run()
                        .size());
    }

    /** Each continued by each other: of another class, or of the same with another setting. */
    @Test
    void resume_ofOtherRolesOfTheServer_isRefusedWithBothNames() {
        Map<String, UnaryOperator<FedHdsServerBuilder>> roles = new LinkedHashMap<>();
        roles.put("aggregator FedAdam", s -> s.aggregator(FedOpt.fedAdam().build()));
        roles.put(
                "aggregator FedAdam slow",
                s -> s.aggregator(FedOpt.fedAdam().learningRate(0.001).build()));
        roles.put("aggregator FedYogi", s -> s.aggregator(FedOpt.fedYogi().build()));
        roles.put(
                "aggregator own",
                s -> s.aggregator((round, state) -> FedAvg.equally().open(round, state)));
        roles.put("selection 0.1", s -> s.selector(RandomSelector.share(0.1)));
        roles.put("selection 0.5", s -> s.selector(RandomSelector.share(0.5)));
        roles.put("frame 4", s -> s.frame(Selection.paper().inSharedFrame(4).frame()));
        roles.put("frame 8", s -> s.frame(Selection.paper().inSharedFrame(8).frame()));
        roles.put("frame 4 fixed", s -> s.frame(Selection.paper().withMemory(4).frame()));
        roles.forEach((name, role) -> {
            Path checkpoint = folder.resolve(name);
            with(checkpoint, role).rounds(1).build().run();
            roles.forEach((otherName, other) -> {
                if (otherName.equals(name)) {
                    assertEquals(
                            2,
                            with(checkpoint, other)
                                    .rounds(2)
                                    .resume(true)
                                    .build()
                                    .run()
                                    .size());
                } else {
                    refused(with(checkpoint, other), " was made with ", ", this run has ", "; resume with what it");
                }
            });
        });
        refused(
                with(folder.resolve("selection 0.1"), roles.get("selection 0.5")),
                "made with selection of the server RandomSelector[share=0.1], this run has RandomSelector[share=0.5]");
        refused(
                with(folder.resolve("aggregator FedAdam"), roles.get("aggregator FedAdam slow")),
                "made with aggregator FedAdam[learning rate 0.01, beta1 0.9,",
                "this run has FedAdam[learning rate 0.001, beta1 0.9,");
        refused(
                with(folder.resolve("frame 4"), roles.get("frame 8")),
                "made with shared frame SignsFrame[dimensions=4, fixed=false], this run has"
                        + " SignsFrame[dimensions=8, fixed=false]");
        refused(
                with(folder.resolve("aggregator FedAdam"), roles.get("aggregator own")),
                "this run has the application's own");
    }

    private Federation.Builder with(Path checkpoint, @Nullable UnaryOperator<FedHdsServerBuilder> role) {
        return federation(checkpoint)
                .serverSettings(server -> Objects.requireNonNull(role)
                        .apply(server.selector(new EverySelector()).aggregator(momentum())));
    }

    @Test
    void resume_ofAnotherSelectionOfTheClients_isRefusedWithBothNames() {
        Path checkpoint = folder.resolve("clients");
        Supplier<FedHdsBuilder> parts = () -> FedHds.on(model)
                .template(TinyFederation.SHORT)
                .lora(LoraConfig.defaults().withTargetModules(List.of("q_proj")));
        FedHds few = parts.get().selection(Selection.random(0.1)).build();
        FedHds more = parts.get().selection(Selection.random(0.5)).build();
        federation(checkpoint, few, "tiny", 3, 4, 5, 6, 2, 3).rounds(1).build().run();
        refused(
                federation(checkpoint, more, "tiny", 3, 4, 5, 6, 2, 3),
                "selection of clients RandomSelector[share=0.1], this run has RandomSelector[share=0.5]");
    }

    private static void refused(Federation.Builder builder, String... told) {
        assertFails(FedHdsException.class, () -> builder.resume(true).build(), told);
    }

    @Test
    void build_checkpointSettings_areChecked() {
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        Federation.Builder plain = Federation.builder(fedHds(model))
                .clients(TinyFederation.clients(1))
                .resume(true);
        assertFails(bad, plain::build, "set a checkpoint folder too");
        plain.checkpoint(folder.resolve("x"), Map.of("threads", "1"));
        assertFails(bad, plain::build, "the setting \"threads\" is saved by the federation itself");
        assertFails(bad, () -> federation(folder).patience(-1), "patience", "was -1");
        assertFails(bad, () -> federation(folder).evaluation(-1, a -> 1), "evaluations", "was -1");
        assertFails(
                bad,
                () -> Federation.builder(fedHds(model))
                        .clients(TinyFederation.clients(1))
                        .evaluation(0, a -> 1)
                        .patience(1)
                        .build(),
                "set one of every so many rounds");
        Federation nan =
                federation(folder.resolve("nan")).evaluation(2, a -> Double.NaN).build();
        assertFails(IllegalStateException.class, nan::run, "gave NaN after round 2");
    }

    @Test
    void jsonLines_ofAResumedRun_areThoseOfAnUndisturbedOne() throws IOException {
        Path lines = folder.resolve("rounds.jsonl");
        Files.writeString(lines, "of another run\n");
        federation(folder.resolve("once"))
                .listener(new JsonLinesListener(lines))
                .build()
                .run();
        List<String> wanted = withoutSeconds(lines);
        assertEquals(ROUNDS, wanted.size());

        Path checkpoint = folder.resolve("twice");
        Path others = folder.resolve("others.jsonl");
        trainings.clear();
        trainsUntil = 7;
        Federation federation =
                federation(checkpoint).listener(new JsonLinesListener(others)).build();
        assertThrows(FedHdsException.class, federation::run);
        assertEquals(wanted.subList(0, 2), withoutSeconds(others));
        Files.writeString(others, Files.readAllLines(others).get(0) + "\n{\"round\":2,\"cli"); // killed while writing
        trainsUntil = Integer.MAX_VALUE;
        federation(checkpoint)
                .listener(new JsonLinesListener(others))
                .resume(true)
                .build()
                .run();
        assertEquals(wanted, withoutSeconds(others));
    }

    private static List<String> withoutSeconds(Path lines) throws IOException {
        return Files.readAllLines(lines).stream()
                .map(line -> {
                    JsonObject json = JsonParser.parseString(line).getAsJsonObject();
                    assertTrue(Objects.requireNonNull(json.remove("seconds"))
                            .getAsJsonObject()
                            .has("wall"));
                    return json.toString();
                })
                .toList();
    }
}
