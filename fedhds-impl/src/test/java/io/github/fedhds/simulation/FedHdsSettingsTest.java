package io.github.fedhds.simulation;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.aggregators.Krum;
import io.github.fedhds.codec.MessageCodec;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.lora.LoraConfig;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings that can be made in two places: none is ignored, the last one counts. */
class FedHdsSettingsTest {
    private static final ClientId ID = TinyFederation.id(0);
    private static final List<Instruction> SAMPLES =
            Objects.requireNonNull(TinyFederation.clients(9).get(ID));

    @TempDir
    @SuppressWarnings("NullAway.Init") // set by JUnit
    static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = TinyFederation.model(folder.resolve("model"), 1, 16, 2, 512);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static RoundContext round(Adapter global) {
        return new RoundContext("run", 1, Optional.of(ID), 3, global, Map.of());
    }

    /** Form, template and length are of one builder, wherever they are set; the last one counts. */
    @Test
    void trainer_formTemplateAndLength_reachAllSteps() {
        LoraConfig lora = LoraConfig.defaults().withRank(3);
        FedHds there = FedHds.on(model)
                .lora(LoraConfig.defaults().withRank(5))
                .trainer(trainer ->
                        trainer.lora(lora).template(TinyFederation.SHORT).maxTokens(40))
                .build();
        FedHds here = FedHds.on(model)
                .trainer(trainer -> trainer.lora(LoraConfig.defaults().withRank(5))
                        .template(PromptTemplate.alpaca())
                        .maxTokens(2))
                .lora(lora)
                .template(TinyFederation.SHORT)
                .maxTokens(40)
                .build();
        RoundContext first = round(LoraTrainer.firstAdapter(model, lora, 2));
        TrainingResult trained = here.trainer().train(SAMPLES, first);
        RoundContext second = round(trained.adapter()); // in which B is not zero any more
        HiddenStateExtractor wanted = HiddenStateExtractor.builder(model)
                .adapter(new AdapterForm(lora.targetModules(), 3, lora.scale()))
                .template(TinyFederation.SHORT)
                .maxTokens(40)
                .build();
        for (FedHds fedHds : List.of(there, here)) {
            assertEquals(lora, fedHds.lora());
            assertEquals("40", fedHds.agreedSettings().get("longest sample"));
            assertEquals(
                    LoraTrainer.firstAdapter(model, lora, 2),
                    fedHds.server(List.of(ID), 2).build().globalAdapter());
            assertEquals(trained, fedHds.trainer().train(SAMPLES, first));
            assertArrayEquals(
                    wanted.extract(SAMPLES, second).toArray(),
                    fedHds.extractor().extract(SAMPLES, second).toArray());
        }
    }

    @Test
    void server_anotherSeedOnItsBuilder_drawsItsFirstAdapter() {
        FedHds fedHds = FedHds.on(model).build();
        Adapter second = fedHds.server(List.of(ID), 1).seed(2).build().globalAdapter();
        assertEquals(fedHds.server(List.of(ID), 2).build().globalAdapter(), second);
        assertNotEquals(fedHds.server(List.of(ID), 1).build().globalAdapter(), second);
    }

    @Test
    void aggregator_ofTheBuilder_isTheServersUntilItHasAnother() {
        Aggregator needsThree = Krum.of(0);
        FedHds fedHds = FedHds.on(model).aggregator(needsThree).build();
        Class<IllegalArgumentException> bad = IllegalArgumentException.class;
        assertFails(bad, () -> fedHds.server(List.of(ID), 1).build(), "Krum[f = 0] needs the updates of 3");
        assertEquals(
                List.of(ID),
                fedHds.server(List.of(ID), 1)
                        .aggregator(FedAvg.equally())
                        .build()
                        .clients());
    }

    @Test
    void messageLimits_ofTheBuilder_areThoseOfServerAndCodec() {
        MessageLimits large = MessageLimits.defaults().withCentroids(9_000);
        FedHds fedHds = FedHds.on(model).messageLimits(large).build();
        assertEquals(large, fedHds.server(List.of(ID), 1).build().messageLimits());
        List<Centroid> centroids = IntStream.range(0, 9_000)
                .mapToObj(i -> new Centroid(i, new double[2]))
                .toList();
        CentroidReport report = new CentroidReport("run", 1, ID, centroids);
        assertEquals(
                report,
                fedHds.codec()
                        .decode(fedHds.codec().encode(report).toByteArray())
                        .message());
        MessageCodec small = FedHds.on(model).build().codec();
        assertFails(IllegalArgumentException.class, () -> small.encode(report), "9000");
    }
}
