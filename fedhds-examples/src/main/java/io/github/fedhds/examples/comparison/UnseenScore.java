package io.github.fedhds.examples.comparison;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.evaluation.AnswerEvaluator;
import io.github.fedhds.examples.cli.EmbeddedComparison;
import io.github.fedhds.features.AnswerLossScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * How good an adapter is on unseen tasks.
 *
 * @param rougeL mean Rouge-L of greedy answers, 0 to 1
 * @param byTask the same of each task
 * @param loss mean over the instructions of the reference answer's loss, per token in nats
 * @param seconds of the evaluation
 */
public record UnseenScore(double rougeL, Map<String, Double> byTask, double loss, double seconds) {
    /** Stands for no evaluation. */
    static final UnseenScore NONE = new UnseenScore(0, Map.of(), 0, 0);

    private static final int TOKEN_BUDGET = 2048;

    /** Evaluates an adapter; an empty one is the base model. */
    public static UnseenScore of(
            FedHds fedHds,
            PromptTemplate template,
            List<Instruction> unseen,
            Adapter adapter,
            int answerTokens,
            int parallel) {
        long start = System.nanoTime();
        AnswerEvaluator.Result answers =
                fedHds.evaluate(fedHds.evaluator(answerTokens).parallel(parallel), unseen, adapter);
        LanguageModel loaded = fedHds.model();
        AnswerLossScorer scorer = new AnswerLossScorer(
                loaded,
                adapter.isEmpty() ? AdapterForm.none() : fedHds.lora().form(),
                template,
                Math.min(1024, loaded.config().contextLength()),
                TOKEN_BUDGET);
        double loss = EmbeddedComparison.byTask(unseen).values().parallelStream()
                        .mapToDouble(task ->
                                Arrays.stream(scorer.losses(task, adapter)).sum())
                        .sum()
                / unseen.size();
        return new UnseenScore(answers.rougeL(), answers.byTask(), loss, (System.nanoTime() - start) / 1e9);
    }
}
