package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.internal.TorchRuntime;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.KCenterSelector;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.setup.FedHdsBuilder;
import io.github.fedhds.setup.ModelPool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are spread over copies of a model come to the same bits as on one. */
class SeveralDevicesTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @BeforeAll
    static void write() {
        TinyFederation.model(folder.resolve("model"), 1, 16, 2, 128).close();
        TinyFederation.model(folder.resolve("small"), 2, 8, 1, 128).close();
    }

    private static ModelPool load(String model, String... devices) {
        return ModelPool.load(folder.resolve(model), ModelOptions.defaults().withThreads(1), List.of(devices));
    }

    private static FedHdsBuilder on(ModelPool models) {
        return FedHds.on(models)
                .epochs(1)
                .template(TinyFederation.SHORT)
                .learningRate(0.01)
                .fusion(TsneFusion.builder().perplexity(5).build());
    }

    /** The reports without seconds and the last adapter of a run. */
    private record Run(List<RoundReport> rounds, Adapter adapter) {}

    private static Run run(FedHds fedHds, int parallel) {
        Federation federation = Federation.builder(fedHds)
                .clients(TinyFederation.clients(24, 21, 27, 24, 30, 22))
                .activeShare(1)
                .rounds(2)
                .seed(7)
                .parallelClients(parallel)
                .serverSettings(server -> server.selector(KCenterSelector.count(3)))
                .build();
        List<RoundReport> reports = federation.run();
        assertTrue(TinyFederation.results(reports).stream().allMatch(result -> result.samples() > 0));
        return new Run(TinyFederation.withoutSeconds(reports), federation.adapter());
    }

    @Test
    void run_onCopiesOfTheModel_hasTheBitsOfOne() {
        try (ModelPool one = load("model", "cpu");
                ModelPool three = load("model", "cpu", "cpu", "cpu")) {
            assertEquals(run(on(one).build(), 1), run(on(three).build(), 4));
            assertEquals(on(one).build().agreedSettings(), on(three).build().agreedSettings());
            assertSame(three.first(), on(three).build().model());
        }
    }

    @Test
    void runWithScoresAndAFeatureModel_onCopiesOfBoth_hasTheBitsOfOne() {
        Selection scored = Selection.perplexity(0.2);
        try (ModelPool one = load("model", "cpu");
                ModelPool two = load("model", "cpu", "cpu");
                ModelPool small = load("small", "cpu");
                ModelPool smalls = load("small", "cpu", "cpu", "cpu")) {
            Run wanted =
                    run(on(one).featureModel(small.first()).selection(scored).build(), 1);
            assertEquals(
                    wanted, run(on(two).featureModel(smalls).selection(scored).build(), 3));
            assertEquals(
                    wanted, run(on(one).featureModel(smalls).selection(scored).build(), 3));
        }
    }

    /** A listener that calls a role again, while the first copy computes, reaches the second one. */
    @Test
    void callDuringAnother_runsOnTheOtherCopy() {
        List<Instruction> samples =
                Objects.requireNonNull(TinyFederation.clients(9).get(TinyFederation.id(0)));
        reachesTheOther((fedHds, round) -> fedHds.trainer().train(samples, round));
        reachesTheOther((fedHds, round) ->
                Arrays.toString(fedHds.extractor().extract(samples, round).toArray()));
    }

    private static void reachesTheOther(BiFunction<FedHds, RoundContext, Object> role) {
        AtomicReference<Runnable> during = new AtomicReference<>(() -> {});
        Runnable once = () -> during.getAndSet(() -> {}).run();
        try (ModelPool two = load("model", "cpu", "cpu")) {
            FedHds fedHds = on(two).maxTokens(
                            8) // so that samples are cut, which is reported while features are computed
                    .cuts(cuts -> once.run())
                    .trainer(trainer -> trainer.listener(step -> once.run()))
                    .build();
            Adapter adapter = LoraTrainer.firstAdapter(two.first(), fedHds.lora(), 1);
            AtomicInteger runs = new AtomicInteger(); // cuts are reported once for each run
            Supplier<Object> call = () -> role.apply(
                    fedHds,
                    new RoundContext(
                            "run " + runs.incrementAndGet(),
                            1,
                            Optional.of(TinyFederation.id(0)),
                            3,
                            adapter,
                            Map.of()));
            Object wanted = call.get();
            List<Object> inner = new ArrayList<>();
            during.set(() -> inner.add(call.get()));
            assertEquals(wanted, call.get());
            assertEquals(List.of(wanted), inner);

            two.models().get(1).close();
            assertEquals(wanted, call.get(), "alone, a call runs on the first copy");
            during.set(() -> inner.add(call.get()));
            assertFails(IllegalStateException.class, () -> inner.add(call.get()), "this model was closed");
            assertEquals(wanted, call.get(), "a call that failed has left its copy");
        }
    }

    /** Skipped where PyTorch does not see two GPUs. */
    @Test
    @Tag("gpu")
    void run_onTwoGpus_hasTheBitsOfOne() {
        TorchRuntime.prepare();
        Assumptions.assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 1, "skipped: PyTorch does not see two GPUs");
        try (ModelPool one = load("model", "cuda:0");
                ModelPool two = load("model", "cuda:0", "cuda:1")) {
            assertEquals(run(on(one).build(), 1), run(on(two).build(), 2));
        }
    }
}
