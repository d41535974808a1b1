package io.github.fedhds.setup;

import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.CachedFusion;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.reduction.KernelPcaFusion;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.reduction.TsneFusion;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.Optional;

/** The roles that need the model's weights. */
record ModelParts(
        LanguageModel model,
        LoraTrainer trainer,
        FeatureExtractor extractor,
        SampleScorer scorer,
        Optional<FeatureCache> featureCache) {
    /** Tokens of a batch where nothing is trained: enough to keep the cores busy, little beside a model's weights. */
    static final int TOKEN_BUDGET = 2048;

    /** Bytes of the default cache with a feature model: 6,000 rows of GPT-2's smallest model. */
    private static final long CACHE_BYTES = 256L << 20;

    /** Most coordinates kept of fused points with a feature model: 16 MiB, a million samples on two axes. */
    private static final long COORDINATES = 2L << 20;

    static ModelParts of(FedHds.Builder builder, LanguageModel model) {
        boolean turbo = isTurbo(builder);
        LoraTrainer trainer = builder.trainer.build();
        Optional<FeatureCache> cache = builder.featureCache.or(
                () -> turbo ? Optional.of(FeatureCache.inMemory(CACHE_BYTES)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(
                        builder.featureModel == null ? model : builder.featureModel)
                .adapter(turbo ? AdapterForm.none() : trainer.lora().form())
                .template(trainer.template())
                .maxTokens(trainer.maxTokens())
                .pooling(builder.pooling)
                .tokenBudget(TOKEN_BUDGET)
                .cuts(builder.cuts);
        cache.ifPresent(features::cache);
        AnswerLossScorer scorer = new AnswerLossScorer(
                model, trainer.lora().form(), trainer.template(), trainer.maxTokens(), TOKEN_BUDGET, builder.cuts);
        return new ModelParts(model, trainer, features.build(), scorer, cache);
    }

    /** Whether another model than the tuned one computes the features. */
    private static boolean isTurbo(FedHds.Builder builder) {
        return builder.featureModel != builder.model;
    }

    /**
     * The clients' fusion; with a feature model its points are kept, if the fusion is one of this library, which depend on
     * the features alone. Others may depend on the round's seed.
     */
    static Fusion fusion(FedHds.Builder builder) {
        Fusion own = builder.fusion;
        Fusion ofGroups = own.compose(builder.pooling::grouping);
        boolean seedless = own instanceof TsneFusion || own instanceof PcaFusion || own instanceof KernelPcaFusion;
        return isTurbo(builder) && seedless ? new CachedFusion(ofGroups, COORDINATES) : ofGroups;
    }
}
