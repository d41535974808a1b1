package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A choice that is set as a whole reaches clients and server, and gives the same however many clients run at a time. */
class SelectionWiringTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 64);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<RoundReport> run(Selection selection, int parallel, int rounds) {
        Map<ClientId, List<Instruction>> clients = TinyFederation.clients(30, 24, 0, 3);
        return TinyFederation.withoutSeconds(Federation.builder(FedHds.on(model)
                        .template(TinyFederation.SHORT)
                        .selection(selection)
                        .build())
                .clients(clients)
                .activeShare(1)
                .rounds(rounds)
                .seed(5)
                .parallelClients(parallel)
                .clientSettings(TinyFederation::light)
                .build()
                .run());
    }

    @Test
    void diverse_budget_isTheNumberOfSamples() {
        for (int samples : new int[] {0, 1, 3}) {
            RoundReport report = run(Selection.diverse(samples), 1, 1).get(0);
            assertEquals(samples, report.result().samples());
            assertTrue(report.result().centroids() >= 3);
        }
        assertEquals(run(Selection.diverse(3), 1, 2), run(Selection.diverse(3), 3, 2));
    }

    @Test
    void pooling_reachesTheFeatures() {
        List<Instruction> samples =
                TinyFederation.clients(2).values().iterator().next();
        FedHds last = FedHds.on(model).template(TinyFederation.SHORT).build();
        FedHds mean = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .pooling(Pooling.MEAN)
                .build();
        RoundContext start = new RoundContext(
                "run", 1, Optional.empty(), 1, LoraTrainer.firstAdapter(model, last.lora(), 1), Map.of());
        assertNotEquals(
                last.extractor().extract(samples, start), mean.extractor().extract(samples, start));
    }

    @Test
    void parts_groupsAreFoundByInstructions_meetInBoth() {
        List<FeatureMatrix> fused = new ArrayList<>();
        TsneFusion tsne = TsneFusion.builder().build();
        FedHds fedHds = FedHds.on(model)
                .template(TinyFederation.SHORT)
                .pooling(Pooling.PARTS)
                .fusion((features, round) -> {
                    fused.add(features);
                    return tsne.fuse(features, round);
                })
                .selection(Selection.diverse(2))
                .build();
        Federation.builder(fedHds)
                .clients(TinyFederation.clients(30))
                .activeShare(1)
                .rounds(1)
                .build()
                .run();
        assertEquals(model.config().layers() + 1, fused.get(0).blocks());
    }

    /**
     * The server takes as many coordinates as the fusion gives. (Whether the paper's choice finds clusters among few
     * centroids is another matter: it has to with 8 axes of a PCA, the others' groups are all taken.)
     */
    @Test
    void fusion_ofAnyNumberOfAxes_trains() {
        for (Fusion fusion : List.of(
                new PcaFusion(8),
                new PcaFusion(1),
                TsneFusion.builder().dimensions(3).build(),
                Fusion.of(5, (features, round) -> new Frame.Signs(5, 1).place(features)),
                Fusion.of(4, new PcaFusion(4)))) {
            for (Selection selection : List.of(
                    fusion.dimensions() == 8 ? Selection.paper() : Selection.intraClientOnly(),
                    Selection.random(0.1),
                    Selection.perplexity(0.1))) {
                FedHds fedHds = FedHds.on(model)
                        .template(TinyFederation.SHORT)
                        .fusion(fusion)
                        .selection(selection)
                        .build();
                RoundReport report = Federation.builder(fedHds)
                        .clients(TinyFederation.clients(40, 40, 40))
                        .activeShare(1)
                        .rounds(1)
                        .build()
                        .run()
                        .get(0);
                String what = fusion.dimensions() + " axes, " + report;
                assertEquals(3, report.result().reports(), what);
                assertTrue(report.result().samples() > 0, what);
            }
        }
    }

    /** Three distinct instructions, 50 copies of each, in any order: three groups at most, whatever fusion and pooling. */
    @Test
    void copiesOfInstructions_areAtMostOneGroupEach() {
        TsneFusion tsne = TsneFusion.builder().iterations(300).build();
        List<Fusion> fusions = List.of(
                new PcaFusion(),
                KernelPcaFusion.rbf(2),
                tsne,
                tsne.compose(FeatureMatrix::lastBlock),
                new PcaFusion(8));
        List<Instruction> distinct = List.of(
                new Instruction("abc", "a", "b"), new Instruction("VW", "", "XYZ"), new Instruction("567", "8 9", "5"));
        for (int seed = 0; seed < 3; seed++) {
            List<Instruction> list = new ArrayList<>(distinct);
            for (int copy = 1; copy < 50; copy++) {
                list.addAll(distinct);
            }
            Collections.shuffle(list, new Random(seed));
            for (Fusion fusion : fusions) {
                for (Pooling pooling : Pooling.values()) {
                    FedHds fedHds = FedHds.on(model)
                            .template(TinyFederation.SHORT)
                            .pooling(pooling)
                            .fusion(fusion)
                            .build();
                    ClientId id = TinyFederation.id(0);
                    RoundOpening opening =
                            fedHds.server(List.of(id), seed).build().open();
                    int groups = fedHds.client(id)
                            .instructions(list)
                            .build()
                            .summarise(opening)
                            .centroids()
                            .size();
                    assertTrue(groups >= 2 && groups <= 3, pooling + ": " + groups + " groups");
                }
            }
        }
    }

    @Test
    void recommended_isAShareOfTheRoundsData() {
        for (double share : new double[] {0.005, 0.02, 0.03}) {
            FedHds fedHds = FedHds.on(model)
                    .template(TinyFederation.SHORT)
                    .recommended(share)
                    .build();
            RoundReport report = Federation.builder(fedHds)
                    .clients(TinyFederation.clients(60, 40, 50))
                    .activeShare(1)
                    .rounds(1)
                    .build()
                    .run()
                    .get(0);
            assertEquals(Math.max(1, (int) (share * 150)), report.result().samples(), "share " + share);
            assertTrue(report.result().centroids() > 4, "the budget binds");
        }
    }

    @Test
    void scores_reachTheModel() {
        // 0.1 of 30, 24 and 3, at least one
        assertEquals(
                3 + 2 + 1, run(Selection.perplexity(0.1), 1, 1).get(0).result().samples());
        assertTrue(run(Selection.difficulty(0.1), 1, 1).get(0).result().samples() <= 6);
        assertEquals(
                57,
                run(Selection.everything().inSharedFrame(7), 1, 1)
                        .get(0)
                        .result()
                        .samples());
    }
}
