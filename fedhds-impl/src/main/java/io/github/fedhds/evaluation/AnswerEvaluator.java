package io.github.fedhds.evaluation;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import io.github.fedhds.transformer.Sampling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Generates a model's answers to instructions, greedily by default, and scores them against the reference answers by
 * the Rouge-L F-measure. Immutable, safe for many threads.
 */
public final class AnswerEvaluator {
    private static final Logger LOGGER = LoggerFactory.getLogger(AnswerEvaluator.class);

    private final LanguageModel model;
    private final SampleEncoder encoder;
    private final int answerTokens;
    private final int tokenBudget;
    private final Sampling sampling;
    private final int parallel;
    private final EvaluationProgress progress;

    /**
     * Result of an evaluation.
     *
     * @param rougeL mean Rouge-L F-measure over all instructions, 0 to 1; NaN without instructions
     * @param byTask the same per task, ordered by the task's first instruction
     * @param answers the model's answers, in the order of the instructions
     * @param cutPrompts number of prompts cut to leave room for the answer; also logged
     * @param adapterDigest digest of the adapter used, to identify what the result belongs to
     */
    public record Result(
            double rougeL, Map<String, Double> byTask, List<String> answers, int cutPrompts, String adapterDigest) {
        public Result {
            byTask = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(byTask));
            answers = List.copyOf(answers);
        }
    }

    /**
     * @param maxTokens maximum length of prompt and answer together, 2 or more; lowered to the model's context length
     * @param answerTokens maximum tokens of an answer, 1 or more; 128 in the FedHDS paper; lowered to half the context
     *     length
     * @param tokenBudget prompt tokens per batch, 1 or more
     */
    public AnswerEvaluator(
            LanguageModel model, PromptTemplate template, int maxTokens, int answerTokens, int tokenBudget) {
        if (answerTokens < 1) {
            throw new IllegalArgumentException("answerTokens must be 1 or more, was " + answerTokens);
        }
        if (tokenBudget < 1) {
            throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokenBudget);
        }
        this.model = model;
        this.encoder = model.sampleEncoder(template, maxTokens);
        this.answerTokens = Math.min(answerTokens, encoder.maxTokens() / 2);
        this.tokenBudget = tokenBudget;
        this.sampling = Sampling.greedy();
        this.parallel = 1;
        this.progress = (done, all) -> {};
    }

    private AnswerEvaluator(AnswerEvaluator other, Sampling sampling, int parallel, EvaluationProgress progress) {
        this.model = other.model;
        this.encoder = other.encoder;
        this.answerTokens = other.answerTokens;
        this.tokenBudget = other.tokenBudget;
        this.sampling = sampling;
        this.parallel = parallel;
        this.progress = progress;
    }

    /** A copy that samples answers; an answer depends on the seed and the instruction's index in the list. */
    public AnswerEvaluator sampling(Sampling newSampling) {
        return new AnswerEvaluator(this, newSampling, parallel, progress);
    }

    /**
     * A copy that generates several batches at a time, which changes no result; 1 by default. Best with a model of one
     * thread per operation.
     *
     * @param batches 1 or more
     */
    public AnswerEvaluator parallel(int batches) {
        if (batches < 1) {
            throw new IllegalArgumentException("parallel must be 1 or more, was " + batches);
        }
        return new AnswerEvaluator(this, sampling, batches, progress);
    }

    /** A copy that reports its progress; see {@link EvaluationProgress}. */
    public AnswerEvaluator progress(EvaluationProgress newProgress) {
        return new AnswerEvaluator(this, sampling, parallel, Objects.requireNonNull(newProgress, "progress"));
    }

    /**
     * Evaluates the model with an adapter.
     *
     * @param form the adapter's form; none, with an empty adapter, for the base model
     * @throws IllegalArgumentException if the adapter does not have this form, or the bare template leaves no room for
     *     an answer
     */
    public Result evaluate(List<Instruction> instructions, AdapterForm form, Adapter adapter) {
        AdaptedModel adapted = model.with(form, adapter);
        List<int[]> prompts = new ArrayList<>();
        int cut = 0;
        for (Instruction instruction : instructions) {
            EncodedSample prompt = encoder.forGeneration(instruction, answerTokens);
            prompts.add(prompt.ids());
            cut += prompt.cut() ? 1 : 0;
        }
        if (cut > 0) {
            LOGGER.info(
                    "{} of {} prompts are cut to {} tokens, so that {} answer tokens fit; raise maxTokens if the model has"
                            + " a longer context, or ask for fewer answer tokens",
                    cut,
                    prompts.size(),
                    encoder.maxTokens() - answerTokens,
                    answerTokens);
        }
        progress.answered(0, prompts.size());
        List<int[]> made = adapted.generate(
                prompts,
                answerTokens,
                tokenBudget,
                sampling,
                parallel,
                done -> progress.answered(done, prompts.size()));
        List<String> answers = new ArrayList<>();
        Map<String, List<Double>> scores = new LinkedHashMap<>();
        double sum = 0;
        for (int i = 0; i < instructions.size(); i++) {
            String answer = model.tokenizer().decode(made.get(i)).strip();
            double f =
                    PaperRouge.l(answer, instructions.get(i).output().strip()).f();
            answers.add(answer);
            scores.computeIfAbsent(instructions.get(i).task(), t -> new ArrayList<>())
                    .add(f);
            sum += f;
        }
        Map<String, Double> byTask = new LinkedHashMap<>();
        scores.forEach((task, list) -> byTask.put(
                task, list.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN)));
        return new Result(sum / instructions.size(), byTask, answers, cut, adapter.digest());
    }
}
