package io.github.fedhds.setup;

import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The roles that need the model's weights. With several copies of the model each call runs on one of them.
 *
 * @param training the clients' trainer, on all copies
 * @param trainer the same on the first copy, with its settings
 */
record ModelParts(
        LanguageModel model,
        LoraTrainer trainer,
        LocalTrainer training,
        FeatureExtractor extractor,
        SampleScorer scorer,
        Optional<FeatureCache> featureCache) {
    /**
     * Tokens per batch outside training: enough to keep the cores busy, with little memory compared to a model's
     * weights.
     */
    static final int TOKEN_BUDGET = 2048;

    /** Bytes of the default cache with a feature model: 6,000 rows of the smallest GPT-2 model. */
    private static final long CACHE_BYTES = 256L << 20;

    /**
     * Maximum number of cached coordinates of fused points with a feature model: 16 MiB, a million samples in two
     * dimensions.
     */
    private static final long COORDINATES = 2L << 20;

    static ModelParts of(FedHdsBuilder builder, ModelPool models) {
        LanguageModel model = models.first();
        ModelPool featureModels = builder.featureModels == null ? models : builder.featureModels;
        boolean fixed = hasFixedFeatures(builder);
        LoraTrainer trainer = builder.trainer.build();
        Optional<FeatureCache> cache = builder.featureCache.or(
                () -> fixed ? Optional.of(FeatureCache.inMemory(CACHE_BYTES)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(featureModels.first())
                .adapter(fixed ? AdapterForm.none() : trainer.lora().form())
                .maxTokens(trainer.maxTokens())
                .pooling(builder.pooling)
                .layerScaling(builder.layerScaling)
                .tokenBudget(TOKEN_BUDGET)
                .cuts(builder.cuts);
        cache.ifPresent(features::cache);
        builder.firstFeatureLayers()
                .ifPresent(layers ->
                        features.states(IntStream.rangeClosed(0, layers).toArray()));
        if (!isTurbo(builder) || builder.trainer.hasTemplate()) { // else the feature model's own
            features.template(trainer.template());
        }
        AnswerLossScorer scorer = new AnswerLossScorer(
                model, trainer.lora().form(), trainer.template(), trainer.maxTokens(), TOKEN_BUDGET, builder.cuts);
        return new ModelParts(
                model,
                trainer,
                training(models, trainer),
                extractor(featureModels, features.build()),
                scorer(models, scorer),
                cache);
    }

    private static LocalTrainer training(ModelPool models, LoraTrainer first) {
        List<LoraTrainer> each = each(models, first, first::on);
        return each.size() == 1
                ? first
                : (instructions, round) -> models.call(each, trainer -> trainer.train(instructions, round));
    }

    private static FeatureExtractor extractor(ModelPool models, HiddenStateExtractor first) {
        List<HiddenStateExtractor> each = each(models, first, first::on);
        return each.size() == 1
                ? first
                : (instructions, round) -> models.call(each, extractor -> extractor.extract(instructions, round));
    }

    private static SampleScorer scorer(ModelPool models, AnswerLossScorer first) {
        List<AnswerLossScorer> each = each(models, first, first::on);
        return each.size() == 1
                ? first
                : (kind, instructions, round) -> models.call(each, scorer -> scorer.score(kind, instructions, round));
    }

    /** A role for each copy of the model. */
    private static <T> List<T> each(ModelPool models, T first, Function<LanguageModel, T> on) {
        return models.models().stream()
                .map(model -> model == models.first() ? first : on.apply(model))
                .toList();
    }

    /** Whether a model other than the tuned one computes the features. */
    private static boolean isTurbo(FedHdsBuilder builder) {
        return builder.featureModel != builder.model;
    }

    /** Whether an instruction has the same features in every round. */
    static boolean hasFixedFeatures(FedHdsBuilder builder) {
        return builder.frozenFeatures || isTurbo(builder);
    }

    /**
     * The clients' fusion. With fixed features its points are cached if the fusion is one of this library, because
     * these depend only on the features. Others may depend on the round's seed.
     */
    static Fusion fusion(FedHdsBuilder builder) {
        Fusion own = builder.fusion;
        Fusion ofGroups = own.compose(builder.pooling::grouping);
        boolean seedless = own instanceof TsneFusion || own instanceof PcaFusion || own instanceof KernelPcaFusion;
        return hasFixedFeatures(builder) && seedless ? new CachedFusion(ofGroups, COORDINATES) : ofGroups;
    }
}
