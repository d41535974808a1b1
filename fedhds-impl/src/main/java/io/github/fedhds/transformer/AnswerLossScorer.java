package io.github.fedhds.transformer;

import io.github.fedhds.RoundContext;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Scores instructions by the model's loss on their answers, after the prompt and without it; NaN where the template alone
 * leaves no room for an answer token. Cost: one pass through the model a sample and score. Immutable, safe for many
 * threads.
 */
public final class AnswerLossScorer implements SampleScorer {
    private final LanguageModel model;
    private final AdapterForm form;
    private final SampleEncoder withPrompt;
    private final SampleEncoder alone;
    private final int tokenBudget;
    private final CutWatch cuts;

    /**
     * @param form form of the round's adapter; none for the base model
     * @param maxTokens longest sample, 2 or more
     * @param tokenBudget tokens of a batch, 1 or more
     */
    public AnswerLossScorer(
            LanguageModel model, AdapterForm form, PromptTemplate template, int maxTokens, int tokenBudget) {
        this(model, form, template, maxTokens, tokenBudget, some -> {});
    }

    /** @param cuts is told once for each client and kind of score, if samples are cut to fit; it is logged too */
    public AnswerLossScorer(
            LanguageModel model,
            AdapterForm form,
            PromptTemplate template,
            int maxTokens,
            int tokenBudget,
            Consumer<SampleCuts> cuts) {
        if (tokenBudget < 1) {
            throw new IllegalArgumentException("tokenBudget must be 1 or more, was " + tokenBudget);
        }
        this.model = model;
        this.form = form;
        this.withPrompt = new SampleEncoder(model, template, maxTokens);
        this.alone = new SampleEncoder(model, sample -> "", maxTokens);
        this.tokenBudget = tokenBudget;
        this.cuts = new CutWatch(cuts);
    }

    @Override
    public double[] score(SampleScore kind, List<Instruction> instructions, RoundContext round) {
        SampleEncoder encoder = switch (kind) {
            case ANSWER_LOSS -> withPrompt;
            case ANSWER_LOSS_ALONE -> alone;
        };
        cuts.look(encoder == alone ? "scores without prompt" : "scores", encoder, instructions, round);
        AdaptedModel adapted = form.isEmpty() ? model.base() : model.with(form, round.globalAdapter());
        List<int[]> rows = new ArrayList<>();
        int[] starts = new int[instructions.size()];
        for (int i = 0; i < starts.length; i++) {
            EncodedSample sample = encoder.forFeatures(instructions.get(i));
            rows.add(sample.ids());
            starts[i] = Math.max(1, sample.answerStart()); // nothing comes before the first token to predict it from
        }
        return adapted.losses(rows, starts, tokenBudget);
    }
}
