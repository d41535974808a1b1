package io.github.fedhds.lora;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.internal.LoraNames;
import io.github.fedhds.model.DecoderConfig;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.training.LocalTrainer;
import io.github.fedhds.training.TrainingResult;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.LoraGradient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Trains a LoRA adapter on the selected instructions: a new optimizer in each round, loss only on the answers, samples
 * in random order. A step whose loss or gradient is NaN or infinite changes nothing and is counted.
 *
 * <p>A step reads one batch, or several with {@link Builder#gradientAccumulation}, takes the mean over their answer
 * tokens, adds the gradient of the proximal term, clips the gradient to the maximum norm, and calls the optimizer.
 *
 * <p>Cost: about three passes through the model per sample. Memory: the activations of one batch, and a few vectors as
 * long as the adapter. Equal context, instructions and number of torch threads give equal bits, regardless of what else
 * runs. Immutable, safe for many threads if schedule, listener and optimizer factory are.
 *
 * @see <a href="https://arxiv.org/abs/2106.09685">LoRA</a>
 * @see <a href="https://arxiv.org/abs/2410.10926">FedHDS, section 5.1: rank 8, alpha 16, Adam, batch 1, one epoch</a>
 */
public final class LoraTrainer implements LocalTrainer {
    private final LanguageModel model;
    private final LoraConfig lora;
    private final AdapterForm form;
    private final boolean gradientCheckpointing;
    private final LoraGradient graph;
    private final PromptTemplate template;
    private final int maxTokens;
    private final SampleEncoder encoder;
    private final TrainingLoop loop;

    private LoraTrainer(Builder builder) {
        model = Objects.requireNonNull(
                builder.model, "a trainer needs a model; start it with LoraTrainer.builder(model)");
        lora = builder.lora;
        form = lora.form();
        gradientCheckpointing = builder.gradientCheckpointing;
        graph = model.loraGradient(form, lora.dropout(), gradientCheckpointing);
        template = builder.template();
        maxTokens = builder.maxTokens;
        encoder = model.sampleEncoder(template, maxTokens);
        loop = builder.loop();
    }

    private LoraTrainer(LoraTrainer other, LanguageModel copy) {
        model = copy;
        lora = other.lora;
        form = other.form;
        gradientCheckpointing = other.gradientCheckpointing;
        graph = copy.loraGradient(form, lora.dropout(), gradientCheckpointing);
        template = other.template;
        maxTokens = other.maxTokens;
        encoder = other.encoder;
        loop = other.loop;
    }

    /** Starts a builder for a loaded model. */
    public static Builder builder(LanguageModel model) {
        return new Builder(Objects.requireNonNull(model, "model"));
    }

    /** Starts settings without a model, for a server that only compares them; {@link Builder#build} then throws. */
    public static Builder withoutModel() {
        return new Builder(null);
    }

    /**
     * The same on another loaded copy of the model, usually on another device, with equal results. Its tokenizer stays the
     * one of this object's model, so keep both open.
     */
    public LoraTrainer on(LanguageModel copy) {
        return new LoraTrainer(this, Objects.requireNonNull(copy, "copy"));
    }

    /** Rank, alpha, dropout and target modules. */
    public LoraConfig lora() {
        return lora;
    }

    /** The prompt template. */
    public PromptTemplate template() {
        return template;
    }

    /** Longest sample in tokens, as set. */
    public int maxTokens() {
        return maxTokens;
    }

    /** The first adapter of a loaded model; see {@link #firstAdapter(DecoderConfig, LoraConfig, long)}. */
    public static Adapter firstAdapter(LanguageModel model, LoraConfig lora, long seed) {
        return firstAdapter(model.config(), lora, seed);
    }

    /**
     * A first adapter, which does not change the model: A uniform in {@code +-1 / sqrt(in)} (Kaiming with a = sqrt 5,
     * as in PEFT), B zero. It needs no weights, no tokenizer and no native library, so a server can create it from
     * {@code config.json} alone: {@code firstAdapter(DecoderConfig.read(folder), lora, seed)}. Equal configuration and
     * seed give equal bits.
     *
     * @throws IllegalArgumentException if a target module is not in the model
     */
    public static Adapter firstAdapter(DecoderConfig config, LoraConfig lora, long seed) {
        AdapterForm form = lora.form();
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        form.shapes(config).forEach((name, shape) -> {
            float[] values = new float[shape[0] * shape[1]];
            if (name.endsWith(LoraNames.A)) {
                double bound = 1 / Math.sqrt(shape[1]);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (bound * (2 * random.nextDouble() - 1));
                }
            }
            tensors.put(name, new Tensor(shape, values));
        });
        return new Adapter(tensors);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the global adapter does not fit the model and the LoRA configuration
     * @throws FedHdsException if the thread is interrupted, which is noticed between steps; it keeps its interrupt flag
     * @throws IllegalStateException if the schedule returns a factor that is NaN, infinite or below 0
     */
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
        TrainingLoop.Outcome outcome = loop.run(graph::compute, samples, flat, round);
        return new TrainingResult(
                form.unflatten(model.config(), flat),
                outcome.samples(),
                outcome.losses().stream().mapToDouble(Double::doubleValue).toArray(),
                outcome.skipped(),
                tooLong,
                cut);
    }

    /** Collects the settings. Not safe for many threads. */
    public static final class Builder {
        private final @Nullable LanguageModel model;
        private LoraConfig lora = LoraConfig.defaults();
        private @Nullable PromptTemplate template;
        private @Nullable Double learningRate;
        private boolean fewSteps;
        private double decay = 1;
        private LearningRateSchedule schedule = LearningRateSchedule.constant(0);
        private @Nullable Integer epochs;
        private @Nullable Integer maxSteps;
        private int batchSize = 1;
        private int gradientAccumulation = 1;
        private boolean groupByLength;
        private boolean gradientCheckpointing;
        private int tokenBudget = Integer.MAX_VALUE;
        private int maxTokens = 1024;
        private double proximal;
        private double maxGradientNorm = Double.POSITIVE_INFINITY;
        private IntFunction<Optimizer> optimizer = Adam::new;
        private StepListener listener = step -> {};

        private Builder(@Nullable LanguageModel model) {
            this.model = model;
        }

        /** Rank, alpha, dropout and target modules; {@link LoraConfig#defaults} by default. */
        public Builder lora(LoraConfig lora) {
            this.lora = Objects.requireNonNull(lora, "lora");
            return this;
        }

        /**
         * The prompt template; by default {@link LanguageModel#promptTemplate the model's own}, Alpaca's if it has none or
         * there is no model.
         */
        public Builder template(PromptTemplate template) {
            this.template = Objects.requireNonNull(template, "template");
            return this;
        }

        /**
         * Whether a learning rate that is not set adapts to the number of steps that a client makes in a round; false by
         * default. The rate of T steps is then {@code 3e-4 sqrt(300 / T)}, from 3e-4 to 7.5e-4. Found on SmolLM2-135M: with
         * some 50 samples in all rounds 3e-4 leaves the model almost as it was, and with 100, two or three epochs or 2e-3
         * make it worse on tasks of unseen families than the base model.
         */
        public Builder fewSteps(boolean fewSteps) {
            this.fewSteps = fewSteps;
            return this;
        }

        /**
         * Learning rate of round 1 before the schedule, finite and above 0; 3e-4 by default, higher for rounds of few steps
         * with {@link #fewSteps}.
         */
        public Builder learningRate(double learningRate) {
            if (!(learningRate > 0) || Double.isInfinite(learningRate)) {
                throw new IllegalArgumentException("learningRate must be finite and above 0, was " + learningRate);
            }
            this.learningRate = learningRate;
            return this;
        }

        /** Factor of the learning rate from round to round, above 0 and at most 1; 1 by default. */
        public Builder learningRateDecay(double learningRateDecay) {
            if (!(learningRateDecay > 0 && learningRateDecay <= 1)) {
                throw new IllegalArgumentException(
                        "learningRateDecay must be above 0 and at most 1, was " + learningRateDecay);
            }
            this.decay = learningRateDecay;
            return this;
        }

        /** The learning rate schedule within a round; constant without warm-up by default. */
        public Builder schedule(LearningRateSchedule schedule) {
            this.schedule = Objects.requireNonNull(schedule, "schedule");
            return this;
        }

        /**
         * Epochs over the chosen samples, 1 or more; 1 by default, and without limit if only {@link #maxSteps} is set.
         */
        public Builder epochs(int epochs) {
            this.epochs = atLeastOne("epochs", epochs);
            return this;
        }

        /**
         * Maximum number of optimizer steps in a round, 1 or more; the samples are read again as needed. If
         * {@code epochs} is set too, the smaller limit applies. Not set by default.
         */
        public Builder maxSteps(int maxSteps) {
            this.maxSteps = atLeastOne("maxSteps", maxSteps);
            return this;
        }

        /** Samples per batch, 1 or more; 1 by default. */
        public Builder batchSize(int batchSize) {
            this.batchSize = atLeastOne("batchSize", batchSize);
            return this;
        }

        /**
         * Batches per step, 1 or more; 1 by default. Except for rounding and dropout masks, the step equals that of a
         * single batch with all their samples, but needs the memory of one of them. The last step of a pass may have
         * fewer batches.
         */
        public Builder gradientAccumulation(int gradientAccumulation) {
            this.gradientAccumulation = atLeastOne("gradientAccumulation", gradientAccumulation);
            return this;
        }

        /**
         * Whether a batch has samples of similar length, to reduce padding; the order of the batches is still random.
         * False by default.
         */
        public Builder groupByLength(boolean groupByLength) {
            this.groupByLength = groupByLength;
            return this;
        }

        /**
         * Maximum number of tokens in one pass through the model, including padding, 1 or more; no limit by default. A
         * larger batch is split by length, as with {@link #gradientAccumulation}; the samples of a step stay the same.
         * A single sample always fits.
         */
        public Builder tokenBudget(int tokenBudget) {
            this.tokenBudget = atLeastOne("tokenBudget", tokenBudget);
            return this;
        }

        /**
         * FedProx: mu of the penalty {@code mu / 2 ||w - global||^2}, which keeps a client's adapter near the global
         * adapter; finite and 0 or more, 0 (no penalty) by default. Reported losses do not include the penalty.
         */
        public Builder proximal(double proximal) {
            if (!(proximal >= 0) || Double.isInfinite(proximal)) {
                throw new IllegalArgumentException("proximal must be finite and 0 or more, was " + proximal);
            }
            this.proximal = proximal;
            return this;
        }

        /**
         * Maximum Euclidean norm of the gradient over all tensors; a larger gradient is clipped, as by torch's
         * {@code clip_grad_norm_}. Above 0; infinite (no clipping) by default.
         */
        public Builder maxGradientNorm(double maxGradientNorm) {
            if (!(maxGradientNorm > 0)) {
                throw new IllegalArgumentException("maxGradientNorm must be above 0, was " + maxGradientNorm);
            }
            this.maxGradientNorm = maxGradientNorm;
            return this;
        }

        /**
         * Gradient checkpointing: computes each layer's activations again in the backward pass instead of keeping them.
         * Needs the memory of one layer instead of all and about a third more time, and gives equal bits. False by
         * default.
         */
        public Builder gradientCheckpointing(boolean gradientCheckpointing) {
            this.gradientCheckpointing = gradientCheckpointing;
            return this;
        }

        /** Longest sample in tokens, 2 or more; 1,024 by default, lowered to the model's context length. */
        public Builder maxTokens(int maxTokens) {
            if (maxTokens < 2) {
                throw new IllegalArgumentException("maxTokens must be 2 or more, was " + maxTokens);
            }
            this.maxTokens = maxTokens;
            return this;
        }

        /**
         * Creates an optimizer for a number of parameters, such as {@code Adam::adamW} or
         * {@code n -> new Sgd(n, 0.9, 0, 0, true)}; {@link Adam} with torch's defaults by default.
         */
        public Builder optimizer(IntFunction<Optimizer> optimizer) {
            this.optimizer = Objects.requireNonNull(optimizer, "optimizer");
            return this;
        }

        /** Called after every step; no listener by default. */
        public Builder listener(StepListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * The prompt template as set so far; the default if it is not set.
         *
         * @throws FedHdsException if it is not set, and the model's own is in a form that this library does not know
         */
        public PromptTemplate template() {
            if (template != null) {
                return template;
            }
            return model == null ? PromptTemplate.alpaca() : model.promptTemplate();
        }

        /** Whether the prompt template is set. */
        public boolean hasTemplate() {
            return template != null;
        }

        /** Rank, alpha, dropout and target modules as set so far. */
        public LoraConfig lora() {
            return lora;
        }

        /** Longest sample in tokens as set so far, also where the model's context length is lower. */
        public int maxTokens() {
            return maxTokens;
        }

        /**
         * All settings so far that a trained adapter depends on, by name, so that processes can compare them: LoRA
         * form, prompt template, longest sample, learning rate, epochs and so on. Template, schedule and optimizer are
         * represented by a digest of their results for fixed input; the longest sample is at most the model's context
         * length, if there is a model. Settings that affect only memory or speed are not
         * included.
         */
        public Map<String, String> settings() {
            Map<String, String> settings = new TreeMap<>();
            settings.put("LoRA rank", String.valueOf(lora.rank()));
            settings.put("LoRA alpha", String.valueOf(lora.alpha()));
            settings.put("LoRA scaling", lora.rsLora() ? "alpha / sqrt(rank)" : "alpha / rank");
            settings.put("LoRA dropout", String.valueOf(lora.dropout()));
            settings.put(
                    "LoRA target modules",
                    lora.targetModules().stream().sorted().collect(Collectors.joining(",")));
            settings.put("prompt template", Fingerprint.ofTemplate(template()));
            settings.put(
                    "longest sample",
                    String.valueOf(
                            model == null
                                    ? maxTokens
                                    : Math.min(maxTokens, model.config().contextLength())));
            settings.put("learning rate", adaptsRate() ? "by steps" : String.valueOf(rate()));
            settings.put("learning rate decay", String.valueOf(decay));
            settings.put("learning rate schedule", Fingerprint.ofSchedule(schedule));
            settings.put("optimizer", Fingerprint.ofOptimizer(optimizer));
            settings.put("epochs", epochs != null ? epochs.toString() : maxSteps != null ? "by steps" : "1");
            settings.put("steps", maxSteps == null ? "by epochs" : maxSteps.toString());
            settings.put("batch size", String.valueOf(batchSize));
            settings.put("gradient accumulation", String.valueOf(gradientAccumulation));
            settings.put("group by length", String.valueOf(groupByLength));
            settings.put("token budget", tokenBudget == Integer.MAX_VALUE ? "none" : String.valueOf(tokenBudget));
            settings.put("proximal", String.valueOf(proximal));
            settings.put("largest gradient norm", String.valueOf(maxGradientNorm));
            return settings;
        }

        private TrainingLoop loop() {
            LearningRateSchedule own = schedule;
            return new TrainingLoop(
                    rate(),
                    decay,
                    adaptsRate()
                            ? (step, steps, round) -> FewSteps.rateFactor(steps) * own.factor(step, steps, round)
                            : own,
                    passes(),
                    maxSteps == null ? Integer.MAX_VALUE : maxSteps,
                    new Batches(batchSize, gradientAccumulation, tokenBudget, groupByLength),
                    proximal,
                    maxGradientNorm,
                    optimizer,
                    listener);
        }

        private double rate() {
            return learningRate == null ? 3e-4 : learningRate;
        }

        private boolean adaptsRate() {
            return fewSteps && learningRate == null;
        }

        private int passes() {
            if (epochs != null) {
                return epochs;
            }
            return maxSteps != null ? Integer.MAX_VALUE : 1;
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be 1 or more, was " + value);
            }
            return value;
        }

        /**
         * Creates the trainer.
         *
         * @throws IllegalArgumentException if a target module is not in the model
         */
        public LoraTrainer build() {
            return new LoraTrainer(this);
        }
    }
}
