package io.github.fedhds.setup;

import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.features.FeatureCache;
import io.github.fedhds.features.HiddenStateExtractor;
import io.github.fedhds.features.Pooling;
import io.github.fedhds.lora.LoraTrainer;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.Optional;
import java.util.function.Consumer;

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

    /** @param featureModel the model itself where features are not from another one */
    static ModelParts of(
            LanguageModel model,
            LanguageModel featureModel,
            LoraTrainer trainer,
            Pooling pooling,
            Optional<FeatureCache> ownCache,
            Consumer<SampleCuts> cuts) {
        boolean turbo = featureModel != model;
        Optional<FeatureCache> cache =
                ownCache.or(() -> turbo ? Optional.of(FeatureCache.inMemory(CACHE_BYTES)) : Optional.empty());
        HiddenStateExtractor.Builder features = HiddenStateExtractor.builder(featureModel)
                .adapter(turbo ? AdapterForm.none() : trainer.lora().form())
                .template(trainer.template())
                .maxTokens(trainer.maxTokens())
                .pooling(pooling)
                .tokenBudget(TOKEN_BUDGET)
                .cuts(cuts);
        cache.ifPresent(features::cache);
        AnswerLossScorer scorer = new AnswerLossScorer(
                model, trainer.lora().form(), trainer.template(), trainer.maxTokens(), TOKEN_BUDGET, cuts);
        return new ModelParts(model, trainer, features.build(), scorer, cache);
    }
}
