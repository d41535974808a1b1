package io.github.fedhds.federation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientId;
import io.github.fedhds.RoundContext;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.selection.Selection;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Pooling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                .fusion(features -> {
                    fused.add(features);
                    return tsne.apply(features);
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
