package io.github.fedhds.lora;

import com.google.common.collect.Lists;
import io.github.fedhds.RoundContext;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.training.Adapter;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.Tensor;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.EncodedSample;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LoraGradient;
import io.github.fedhds.transformer.SampleEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/**
 * Trains a LoRA adapter on the chosen instructions: a fresh optimizer each round, the prompt masked, samples in an order
 * of the round's own. A step whose loss or gradient is NaN or infinite changes nothing and is counted.
 *
 * <p>Cost: about three passes through the model a sample; memory: one batch's activations. Equal context, instructions
 * and number of torch threads give equal bits, whatever else runs. Immutable, safe for many threads.
 *
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section 5.1: rank 8, alpha 16, Adam, batch 1, one epoch</a>
 */
public final class LoraTrainer implements LocalTrainer {
    private final LanguageModel model;
    private final LoraConfig lora;
    private final AdapterForm form;
    private final LoraGradient graph;
    private final SampleEncoder encoder;
    private final double learningRate;
    private final double decay;
    private final int epochs;
    private final int batchSize;
    private final IntFunction<Optimizer> optimizer;

    private LoraTrainer(Builder builder) {
        model = builder.model;
        lora = builder.lora;
        form = new AdapterForm(lora.targetModules(), lora.rank(), lora.scale());
        graph = model.loraGradient(form, lora.dropout());
        encoder = new SampleEncoder(model, builder.template, builder.maxTokens);
        learningRate = builder.learningRate;
        decay = builder.decay;
        epochs = builder.epochs;
        batchSize = builder.batchSize;
        optimizer = builder.optimizer;
    }

    /** Starts a trainer for a loaded model. */
    public static Builder builder(LanguageModel model) {
        return new Builder(model);
    }

    /**
     * A first adapter, which changes nothing yet: A uniform in {@code +-1 / sqrt(in)} (Kaiming with a = sqrt 5, as PEFT
     * has it), B zero.
     */
    public static Adapter firstAdapter(LanguageModel model, LoraConfig lora, long seed) {
        AdapterForm form = new AdapterForm(lora.targetModules(), lora.rank(), lora.scale());
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        form.shapes(model.config()).forEach((name, shape) -> {
            float[] values = new float[shape[0] * shape[1]];
            if (name.endsWith(".lora_A")) {
                double bound = 1 / Math.sqrt(shape[1]);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (bound * (2 * random.nextDouble() - 1));
                }
            }
            tensors.put(name, new Tensor(shape, values));
        });
        return new Adapter(tensors);
    }

    @Override
    public TrainingResult train(List<Instruction> instructions, RoundContext round) {
        float[] flat = form.flatten(model.config(), round.globalAdapter());
        List<EncodedSample> samples = new ArrayList<>();
        int tooLong = 0;
        int cut = 0;
        for (Instruction instruction : instructions) {
            Optional<EncodedSample> sample = encoder.forTraining(instruction);
            if (sample.isPresent()) {
                samples.add(sample.get());
                cut += sample.get().cut() ? 1 : 0;
            } else {
                tooLong++;
            }
        }
        float[] gradient = new float[flat.length];
        Optimizer steps = optimizer.apply(flat.length);
        double rate = learningRate * Math.pow(decay, round.round() - 1);
        List<Double> losses = new ArrayList<>();
        int skipped = 0;
        SplittableRandom order = round.random("sample order");
        SplittableRandom masks = round.random("dropout");
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (List<EncodedSample> batch : Lists.partition(shuffled(samples, order), batchSize)) {
                float loss = graph.compute(batch, flat, masks.nextLong(), gradient);
                if (Float.isFinite(loss) && isFinite(gradient)) {
                    steps.step(flat, gradient, rate);
                    losses.add((double) loss);
                } else {
                    skipped++;
                }
            }
        }
        return new TrainingResult(
                form.unflatten(model.config(), flat),
                losses.isEmpty() ? 0 : samples.size(), // no step was taken: nothing was learnt from any sample
                losses.stream().mapToDouble(Double::doubleValue).toArray(),
                skipped,
                tooLong,
                cut);
    }

    /** A finite loss can have an infinite slope, which would stay in the optimizer's means for good. */
    private static boolean isFinite(float[] gradient) {
        for (float value : gradient) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    private static List<EncodedSample> shuffled(List<EncodedSample> samples, SplittableRandom random) {
        List<EncodedSample> order = new ArrayList<>(samples);
        for (int i = order.size() - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            EncodedSample held = order.get(i);
            order.set(i, order.get(j));
            order.set(j, held);
        }
        return order;
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final LanguageModel model;
        private LoraConfig lora = LoraConfig.defaults();
        private PromptTemplate template = PromptTemplate.alpaca();
        private double learningRate = 3e-4;
        private double decay = 1;
        private int epochs = 1;
        private int batchSize = 1;
        private int maxTokens = 1024;
        private IntFunction<Optimizer> optimizer = Adam::new;

        private Builder(LanguageModel model) {
            this.model = model;
        }

        /** Rank, alpha, dropout and layers; {@link LoraConfig#defaults} by default. */
        public Builder lora(LoraConfig newLora) {
            lora = newLora;
            return this;
        }

        /** How a prompt is written; the Alpaca form by default. */
        public Builder template(PromptTemplate newTemplate) {
            template = newTemplate;
            return this;
        }

        /** Learning rate of round 1, finite and above 0; 3e-4 by default. */
        public Builder learningRate(double rate) {
            if (!(rate > 0) || Double.isInfinite(rate)) {
                throw new IllegalArgumentException("learningRate must be finite and above 0, was " + rate);
            }
            learningRate = rate;
            return this;
        }

        /** Factor of the learning rate from round to round, above 0 and at most 1; 1 by default. */
        public Builder learningRateDecay(double factor) {
            if (!(factor > 0 && factor <= 1)) {
                throw new IllegalArgumentException("learningRateDecay must be above 0 and at most 1, was " + factor);
            }
            decay = factor;
            return this;
        }

        /** Passes over the chosen samples, 1 or more; 1 by default. */
        public Builder epochs(int count) {
            epochs = atLeastOne("epochs", count);
            return this;
        }

        /** Samples a step, 1 or more; 1 by default. */
        public Builder batchSize(int samples) {
            batchSize = atLeastOne("batchSize", samples);
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

        /** Makes a fresh optimizer for so many parameters; {@link Adam} with torch's defaults by default. */
        public Builder optimizer(IntFunction<Optimizer> newOptimizer) {
            optimizer = newOptimizer;
            return this;
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
            }
            return value;
        }

        /**
         * The trainer.
         *
         * @throws IllegalArgumentException if a target module is not in the model
         */
        public LoraTrainer build() {
            return new LoraTrainer(this);
        }
    }
}
