package io.github.fedhds.transformer;

import io.github.fedhds.RoundContext;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.util.ArrayList;
import java.util.List;

/**
 * Features of an instruction: the hidden states of all layers, of its prompt, first output and end-of-text. Rows are
 * {@code [(layers + 1) * width]}, the last part after the final norm.
 *
 * <p>Cost: one pass through the model a sample, in batches of alike length. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section 4.2</a>
 */
public final class HiddenStateExtractor implements FeatureExtractor {
    private final LanguageModel model;
    private final AdapterForm form;
    private final SampleEncoder encoder;
    private final Pooling pooling;
    private final int tokenBudget;

    private HiddenStateExtractor(Builder builder) {
        model = builder.model;
        form = builder.form;
        encoder = new SampleEncoder(model, builder.template, builder.maxTokens);
        pooling = builder.pooling;
        tokenBudget = builder.tokenBudget;
    }

    /** Starts an extractor on a loaded model. */
    public static Builder builder(LanguageModel model) {
        return new Builder(model);
    }

    @Override
    public FeatureMatrix extract(List<Instruction> instructions, RoundContext round) {
        int blocks = model.config().layers() + 1;
        int width = model.config().width();
        List<int[]> rows = new ArrayList<>();
        for (Instruction instruction : instructions) {
            rows.add(encoder.forFeatures(instruction).ids());
        }
        AdaptedModel adapted = form.isEmpty() ? model.base() : model.with(form, round.globalAdapter());
        float[] values = new float[Math.multiplyExact(rows.size(), blocks * width)];
        float[][] features = adapted.features(rows, pooling, tokenBudget);
        for (int i = 0; i < features.length; i++) {
            System.arraycopy(features[i], 0, values, i * blocks * width, blocks * width);
        }
        return new FeatureMatrix(rows.size(), blocks, width, values);
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final LanguageModel model;
        private AdapterForm form = AdapterForm.none();
        private PromptTemplate template = PromptTemplate.alpaca();
        private Pooling pooling = Pooling.LAST_TOKEN;
        private int maxTokens = 1024;
        private int tokenBudget = 2048;

        private Builder(LanguageModel model) {
            this.model = model;
        }

        /** Form of the round's adapter; none by default: the base model's features, whatever the round's adapter is. */
        public Builder adapter(AdapterForm newForm) {
            form = newForm;
            return this;
        }

        /** How a prompt is written; the Alpaca form by default. */
        public Builder template(PromptTemplate newTemplate) {
            template = newTemplate;
            return this;
        }

        /** Last token by default. */
        public Builder pooling(Pooling newPooling) {
            pooling = newPooling;
            return this;
        }

        /** Longest sample in tokens, 2 or more; 1,024 by default, lowered to the model's positions. */
        public Builder maxTokens(int tokens) {
            if (tokens < 2) {
                throw new IllegalArgumentException("maxTokens must be 2 or more, was " + tokens);
            }
            maxTokens = tokens;
            return this;
        }

        /** Tokens of a batch, padding included, 1 or more; 2,048 by default. */
        public Builder tokenBudget(int tokens) {
            if (tokens < 1) {
                throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokens);
            }
            tokenBudget = tokens;
            return this;
        }

        public HiddenStateExtractor build() {
            return new HiddenStateExtractor(this);
        }
    }
}
