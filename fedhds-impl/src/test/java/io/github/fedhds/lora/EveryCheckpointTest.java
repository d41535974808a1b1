package io.github.fedhds.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.fedhds.SharedFolders;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.model.ModelOptions;
import io.github.fedhds.peft.MergedFolder;
import io.github.fedhds.peft.PeftFolder;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A family that loads also does everything else, with the default settings: on every checkpoint that is there. */
@Tag("golden")
class EveryCheckpointTest {
    private static final List<Instruction> SAMPLES = List.of(
            new Instruction("Name a colour of the sky.", "", "blue"),
            new Instruction("Add the numbers.", "2 and 3", "5"));
    private static final LoraConfig LORA = LoraConfig.defaults().withRank(2).withDropout(0);

    @TempDir
    Path folder;

    static List<String> checkpoints() throws IOException {
        try (Stream<Path> folders = Files.list(SharedFolders.models())) {
            return folders.filter(f -> Files.isRegularFile(f.resolve("config.json")))
                    .map(f -> f.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private static LanguageModel load(Path folder) {
        return LanguageModel.load(folder, ModelOptions.defaults().onDevice("cpu"));
    }

    private static float[] logits(AdaptedModel model) {
        List<float[]> states = model.states(new int[] {1, 40, 50, 60, 70});
        return states.get(states.size() - 1);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void checkpoint_extractsTrainsScoresExportsMergesAndReloads(String name) {
        Path base = SharedFolders.models().resolve(name);
        try (LanguageModel model = load(base)) {
            Adapter first = LoraTrainer.firstAdapter(model, LORA, 1);
            RoundContext round = new RoundContext("run", 1, Optional.of(new ClientId("one")), 1, first, Map.of());
            var features = HiddenStateExtractor.builder(model)
                    .adapter(LORA.form())
                    .build()
                    .extract(SAMPLES, round);
            assertEquals((model.config().layers() + 1) * model.config().hiddenSize(), features.columns());

            TrainingResult trained = LoraTrainer.builder(model)
                    .lora(LORA)
                    .learningRate(0.01)
                    .maxSteps(1)
                    .build()
                    .train(SAMPLES, round);
            Adapter adapter = trained.adapter();
            assertEquals(1, trained.losses().length);
            adapter.tensors()
                    .forEach((tensor, values) -> assertNotEquals(
                            Objects.equals(values, first.tensors().get(tensor)), tensor.endsWith(".lora_B"), tensor));
            AnswerLossScorer scorer = new AnswerLossScorer(model, LORA.form(), PromptTemplate.alpaca(), 256, 2048);
            for (SampleScore kind : List.of(SampleScore.ANSWER_LOSS, SampleScore.ANSWER_LOSS_ALONE)) {
                assertEquals(2, scorer.score(kind, SAMPLES, round).length, kind.toString());
            }
            AnswerEvaluator evaluator = new AnswerEvaluator(model, PromptTemplate.alpaca(), 256, 4, 2048);
            assertEquals(
                    2,
                    evaluator.evaluate(SAMPLES, LORA.form(), adapter).answers().size());

            PeftFolder.write(folder.resolve("adapter"), LORA, adapter, name);
            PeftFolder read = PeftFolder.read(folder.resolve("adapter"));
            assertEquals(adapter, read.adapter());
            assertFalse(read.config().targetModules().contains("all-linear"));
            AdaptedModel tuned = read.on(model);
            assertArrayEquals(logits(model.with(LORA.form(), adapter)), logits(tuned));
            MergedFolder.write(base, read.config(), read.adapter(), folder.resolve("merged"), MergedFolder.Type.F32);
            try (LanguageModel merged = load(folder.resolve("merged"))) {
                assertArrayEquals(logits(tuned), logits(merged.base()), 1e-4f); // the golden files' tolerance
                assertEquals(model.tokenizerDigest(), merged.tokenizerDigest());
                assertNotEquals(model.digest(), merged.digest());
            }
        }
    }

    /** As transformers 5 writes the same file. */
    @ParameterizedTest
    @MethodSource("checkpoints")
    void checkpoint_withTheKeysOfTransformers5_hasTheSameLogits(String name) throws IOException {
        Path base = SharedFolders.models().resolve(name);
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        JsonObject config = JsonParser.parseString(Files.readString(base.resolve("config.json")))
                .getAsJsonObject();
        JsonElement scaling = config.remove("rope_scaling");
        JsonElement theta = config.remove("rope_theta");
        if (theta != null) {
            JsonObject rotary = scaling instanceof JsonObject scaled
                    ? scaled
                    : JsonParser.parseString("{'rope_type': 'default'}").getAsJsonObject();
            rotary.add("rope_theta", theta);
            config.add("rope_parameters", rotary);
        }
        config.add("dtype", config.remove("torch_dtype"));
        Files.writeString(folder.resolve("config.json"), config.toString());
        try (LanguageModel older = load(base);
                LanguageModel newer = load(folder)) {
            assertEquals(older.config(), newer.config());
            assertArrayEquals(logits(older.base()), logits(newer.base()));
            assertEquals(older.digest(), newer.digest());
        }
    }

    /** A server has the configuration alone. */
    @ParameterizedTest
    @MethodSource("checkpoints")
    void firstAdapter_ofTheConfigurationAlone_hasTheBitsOfTheLoadedModels(String name) throws IOException {
        Path base = SharedFolders.models().resolve(name);
        Files.copy(base.resolve("config.json"), folder.resolve("config.json"));
        Adapter ofConfig = LoraTrainer.firstAdapter(DecoderConfig.read(folder), LoraConfig.defaults(), 5);
        assertFalse(ofConfig.isEmpty());
        try (LanguageModel model = load(base)) {
            assertEquals(LoraTrainer.firstAdapter(model, LoraConfig.defaults(), 5), ofConfig);
        }
    }
}
