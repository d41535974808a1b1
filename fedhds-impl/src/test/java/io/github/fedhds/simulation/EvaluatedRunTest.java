package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.monitoring.BestRound;
import io.github.fedhds.monitoring.Finding;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose rounds are evaluated: what a failing evaluation leaves, and when a run ends early. */
class EvaluatedRunTest extends OnTinyModel {
    @TempDir
    private Path runs = Path.of("");

    /** Each round adds 1 to every number of the adapter, so that an evaluation can tell the round. */
    private Federation.Builder federation(int every, ToDoubleFunction<Integer> scoreOfRound) {
        float first = first(Federation.builder(fedHds())
                .clients(TinyFederation.clients(3))
                .build()
                .adapter());
        return Federation.builder(fedHds())
                .clients(TinyFederation.clients(3))
                .activeShare(1)
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) ->
                                new TrainingResult(next(round.globalAdapter()), list.size(), new double[] {1})))
                .serverSettings(server -> server.selector(new EverySelector()))
                .evaluation(every, adapter -> scoreOfRound.applyAsDouble(Math.round(first(adapter) - first)))
                .checkpoint(runs.resolve("run"), Map.of())
                .resume(true);
    }

    private static float first(Adapter adapter) {
        return adapter.tensors().values().iterator().next().get(0);
    }

    private static Adapter next(Adapter adapter) {
        Map<String, Tensor> tensors = new HashMap<>();
        adapter.tensors()
                .forEach((name, tensor) -> tensors.put(name, Tensor.of(tensor.shape(), i -> tensor.get(i) + 1)));
        return new Adapter(tensors);
    }

    @Test
    void run_scoreFalls_isInTheReportOfItsRoundOnceAlsoAfterAResume() {
        ToDoubleFunction<Integer> falling = round -> 1.0 / round;
        federation(1, falling).rounds(3).build().run();
        List<RoundReport> all = federation(1, falling).rounds(5).build().run();
        List<Finding> findings =
                all.stream().flatMap(report -> report.findings().stream()).toList();
        assertEquals(List.of(new Finding(Finding.Kind.SCORE_FALLING, 3, List.of(), 0.5, 0.1)), findings);
        Federation strict = federation(1, falling)
                .rounds(7)
                .diagnosis(thresholds -> thresholds.window(1).improvement(1))
                .build();
        assertEquals(
                Finding.Kind.SCORE_PLATEAU,
                strict.run().get(5).findings().get(0).kind());
        assertEquals(Optional.empty(), strict.notDiagnosed());
    }

    @Test
    void run_evaluationThrows_losesNoRoundAndGoesOn() {
        List<Integer> evaluated = new ArrayList<>();
        Federation federation = federation(1, round -> {
                    evaluated.add(round);
                    if (evaluated.size() == 2) {
                        throw new UnsupportedOperationException("no answers");
                    }
                    return round;
                })
                .rounds(3)
                .build();
        assertFails(UnsupportedOperationException.class, federation::run, "no answers");
        assertEquals(1, saved(), "round 2 is not saved");
        List<RoundReport> more = federation.run();
        assertEquals(List.of(3, 4, 5), more.stream().map(RoundReport::round).toList());
        assertEquals(List.of(1, 2, 3, 4, 5), evaluated);
        assertEquals(5, saved());
        List<RoundReport> all = new ArrayList<>();
        federation(1, round -> round)
                .rounds(5)
                .listener(new RoundListener() {
                    @Override
                    public void resumed(List<RoundReport> past, Optional<String> damage) {
                        all.addAll(past);
                    }
                })
                .build()
                .run();
        assertEquals(
                List.of(1, 2, 3, 4, 5), all.stream().map(RoundReport::round).toList());
        assertEquals(OptionalDouble.empty(), all.get(1).score());
        assertEquals(OptionalDouble.of(3), all.get(2).score());
    }

    private int saved() {
        return new CheckpointFolder(runs.resolve("run")).saved().orElseThrow().rounds();
    }

    @Test
    void run_killedAfterAnEvaluationThatThrew_trainsThatRoundAgain() {
        Federation federation = federation(1, round -> {
                    if (round == 2) {
                        throw new UnsupportedOperationException("no answers");
                    }
                    return round;
                })
                .rounds(3)
                .build();
        assertFails(UnsupportedOperationException.class, federation::run, "no answers");
        List<RoundReport> reports =
                federation(1, round -> round).rounds(3).build().run();
        assertEquals(List.of(1, 2, 3), reports.stream().map(RoundReport::round).toList());
        assertEquals(OptionalDouble.of(2), reports.get(1).score());
    }

    /** Rounds 2, 4 and so on are evaluated; 3 was only because the run ended there. */
    @Test
    void patience_ofALongerRun_doesNotCountTheShorterOnesLastRound() {
        ToDoubleFunction<Integer> score = round -> round == 2 ? 5 : round == 3 ? 1 : 3 + round;
        assertEquals(3, federation(2, score).patience(1).rounds(3).build().run().size());
        Federation longer = federation(2, score).patience(1).rounds(8).build();
        assertEquals(8, longer.run().size());
        assertEquals(8, longer.best().orElseThrow().round());
    }

    @Test
    void patience_ofRegularEvaluations_ends() {
        Federation federation =
                federation(2, round -> -round).patience(2).rounds(20).build();
        assertEquals(6, federation.run().size());
        assertEquals(
                new CheckpointFolder.Saved(6, CheckpointFolder.End.EARLY),
                new CheckpointFolder(runs.resolve("run")).saved().orElseThrow());
    }

    /** Scores 3, 5, 4, 5, 1, 9: the best is that of round 2, and two evaluations that are no better end the run. */
    @Test
    void patience_survivesAResumeAndKeepsTheBest() {
        double[] scores = {3, 5, 4, 5, 1, 9};
        List<String> adapters = new ArrayList<>();
        List<Object> stopped = new ArrayList<>();
        RoundListener listener = new RoundListener() {
            @Override
            public void closed(RoundReport report) {
                adapters.add(report.result().adapter().digest());
            }

            @Override
            public void stopped(BestRound best) {
                stopped.add(best.round());
            }
        };
        List<RoundReport> reports = List.of();
        for (int rounds : new int[] {1, 3, 6, 6}) {
            Federation federation = federation(1, round -> scores[round - 1])
                    .rounds(rounds)
                    .patience(2)
                    .listener(listener)
                    .build();
            reports = federation.run();
            int best = rounds == 1 ? 1 : 2;
            assertEquals(best, federation.best().orElseThrow().round());
            assertEquals(
                    adapters.get(best - 1),
                    federation.best().orElseThrow().adapter().digest());
        }
        assertEquals(List.of(2, 2), stopped);
        assertEquals(4, reports.size());
        assertEquals(4, adapters.size());
        assertNotEquals(adapters.get(1), adapters.get(3));
    }

    @Test
    void closed_isToldOfWhatIsSaved() {
        List<Integer> seen = new ArrayList<>();
        federation(1, round -> round)
                .rounds(3)
                .listener(new RoundListener() {
                    @Override
                    public void closed(RoundReport report) {
                        seen.add(saved());
                    }
                })
                .build()
                .run();
        assertEquals(List.of(1, 2, 3), seen);
    }

    @Test
    void saved_whileARunGoesOn_isNotOver() {
        Federation federation = federation(1, round -> round)
                .rounds(2)
                .listener(new RoundListener() {
                    @Override
                    public void closed(RoundReport report) {
                        throw new FedHdsException("killed");
                    }
                })
                .build();
        assertFails(FedHdsException.class, federation::run, "killed");
        assertEquals(
                new CheckpointFolder.Saved(1, CheckpointFolder.End.NOT_YET),
                new CheckpointFolder(runs.resolve("run")).saved().orElseThrow());
    }
}
