package io.github.fedhds.examples.embedded;

import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.lora.Adam;
import io.github.fedhds.model.Precision;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.WeightsGradient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Trains all weights of a model to predict the next token: AdamW, gradient clipping by global norm, a learning rate
 * with linear warm-up and cosine decay. Texts are packed one after the other into rows of equal length. A step whose
 * loss or gradient is NaN or infinite is skipped, but its progress is still reported.
 *
 * <p>Memory: three times the weights and the activations of one batch. For one thread at a time.
 */
final class Pretrainer {
    private final int rowLength;
    private final int batchSize;
    private final int steps;
    private final double learningRate;
    private final int warmUp;
    private final double weightDecay;
    private final double maxNorm;
    private final Precision precision;
    private final Progress progress;

    /** Called after each step. */
    @FunctionalInterface
    public interface Progress {
        void step(int step, int steps, double loss, double learningRate);
    }

    private Pretrainer(Builder builder) {
        rowLength = builder.rowLength;
        batchSize = builder.batchSize;
        steps = builder.steps;
        learningRate = builder.learningRate;
        warmUp = builder.warmUp;
        weightDecay = builder.weightDecay;
        maxNorm = builder.maxNorm;
        precision = builder.precision;
        progress = builder.progress;
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Trains the weights.
     *
     * @param model the architecture and initial weights
     * @param texts token ids of text i, from 0; an EOS id is added after each text
     * @return the trained weights by their names in a Hugging Face folder
     */
    public Map<String, Tensor> train(LanguageModel model, IntFunction<int[]> texts) {
        WeightsGradient graph = model.weightsGradient(precision);
        float[] weights = graph.initial();
        float[] gradient = new float[weights.length];
        Adam optimizer = new Adam(weights.length, 0.9, 0.95, 1e-8, weightDecay);
        Packing packing = new Packing(texts, model.config().eosIds().get(0), rowLength);
        for (int step = 1; step <= steps; step++) {
            List<EncodedSample> batch = new ArrayList<>();
            for (int i = 0; i < batchSize; i++) {
                batch.add(new EncodedSample(packing.next(), 1, false));
            }
            float loss = graph.compute(batch, weights, gradient);
            double rate = rate(step);
            if (Float.isFinite(loss) && clip(gradient)) {
                optimizer.step(weights, gradient, rate);
            }
            progress.step(step, steps, loss, rate);
        }
        return graph.tensors(weights);
    }

    private double rate(int step) {
        if (step <= warmUp) {
            return learningRate * step / warmUp;
        }
        double done = (step - warmUp) / (double) Math.max(1, steps - warmUp);
        return learningRate * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * done)));
    }

    /** Clips the gradient; false if it is NaN or infinite and the step must be skipped. */
    private boolean clip(float[] gradient) {
        double square = 0;
        for (float g : gradient) {
            square += (double) g * g;
        }
        double norm = Math.sqrt(square);
        if (norm > maxNorm) {
            float factor = (float) (maxNorm / norm);
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] *= factor;
            }
        }
        return Double.isFinite(norm);
    }

    /** Concatenates texts and cuts them into rows. */
    private static final class Packing {
        private final IntFunction<int[]> texts;
        private final int end;
        private final int rowLength;
        private int @Nullable [] current;
        private int text;
        private int at;

        Packing(IntFunction<int[]> texts, int end, int rowLength) {
            this.texts = texts;
            this.end = end;
            this.rowLength = rowLength;
        }

        int[] next() {
            int[] row = new int[rowLength];
            int filled = 0;
            while (filled < rowLength) {
                int[] source = current;
                if (source == null) {
                    source = texts.apply(text++);
                    current = source;
                    at = 0;
                }
                int count = Math.min(source.length - at, rowLength - filled);
                System.arraycopy(source, at, row, filled, count);
                at += count;
                filled += count;
                if (at == source.length && filled < rowLength) {
                    row[filled++] = end;
                    current = null;
                }
            }
            return row;
        }
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private int rowLength = 128;
        private int batchSize = 32;
        private int steps = 1000;
        private double learningRate = 2e-3;
        private int warmUp = 100;
        private double weightDecay = 0.05;
        private double maxNorm = 1;
        private Precision precision = Precision.FLOAT32;
        private Progress progress = (step, steps, loss, rate) -> {};

        private Builder() {}

        /** Tokens per row, 2 or more; 128 by default. */
        public Builder rowLength(int rowLength) {
            this.rowLength = atLeast("rowLength", rowLength, 2);
            return this;
        }

        /** Rows per batch, 1 or more; 32 by default. */
        public Builder batchSize(int batchSize) {
            this.batchSize = atLeast("batchSize", batchSize, 1);
            return this;
        }

        /** Number of steps, 1 or more; 1,000 by default. */
        public Builder steps(int steps) {
            this.steps = atLeast("steps", steps, 1);
            return this;
        }

        /** Maximum learning rate, above 0; 2e-3 by default. */
        public Builder learningRate(double learningRate) {
            if (!(learningRate > 0) || Double.isInfinite(learningRate)) {
                throw new IllegalArgumentException("learningRate must be finite and above 0, was " + learningRate);
            }
            this.learningRate = learningRate;
            return this;
        }

        /** Steps of linear warm-up, 1 or more; 100 by default. */
        public Builder warmUp(int warmUp) {
            this.warmUp = atLeast("warmUp", warmUp, 1);
            return this;
        }

        /** Decoupled weight decay, 0 or more; 0.05 by default. */
        public Builder weightDecay(double weightDecay) {
            if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
                throw new IllegalArgumentException("weightDecay must be finite and 0 or more, was " + weightDecay);
            }
            this.weightDecay = weightDecay;
            return this;
        }

        /** Maximum norm of the gradient, above 0; 1 by default. */
        public Builder maxNorm(double maxNorm) {
            if (!(maxNorm > 0)) {
                throw new IllegalArgumentException("maxNorm must be above 0, was " + maxNorm);
            }
            this.maxNorm = maxNorm;
            return this;
        }

        /** Type of the matrix products; FLOAT32 by default. Weights and optimizer are always float32. */
        public Builder precision(Precision precision) {
            this.precision = Objects.requireNonNull(precision, "precision");
            return this;
        }

        /** Called after each step; no listener by default. */
        public Builder progress(Progress progress) {
            this.progress = Objects.requireNonNull(progress, "progress");
            return this;
        }

        private static int atLeast(String name, int value, int least) {
            if (value < least) {
                throw new IllegalArgumentException(name + " must be " + least + " or more, was " + value);
            }
            return value;
        }

        /** Creates the trainer. */
        public Pretrainer build() {
            return new Pretrainer(this);
        }
    }
}
