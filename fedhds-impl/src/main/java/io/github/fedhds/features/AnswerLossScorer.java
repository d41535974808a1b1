package io.github.fedhds.features;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.coreset.SampleScore;
import io.github.fedhds.coreset.SampleScorer;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.instruction.PromptTemplate;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.tokenizer.EncodedSample;
import io.github.fedhds.tokenizer.SampleCuts;
import io.github.fedhds.tokenizer.SampleEncoder;
import io.github.fedhds.transformer.AdaptedModel;
import io.github.fedhds.transformer.AdapterForm;
import io.github.fedhds.transformer.LanguageModel;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Scores instructions by the model's loss on their answers, with and without the prompt; NaN if the bare template
 * leaves no room for an answer token. Equal samples get equal scores. Cost: one pass through the model per distinct
 * sample and score. Immutable, safe for many threads.
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
     * @param tokenBudget tokens per batch, 1 or more
     */
    public AnswerLossScorer(
            LanguageModel model, AdapterForm form, PromptTemplate template, int maxTokens, int tokenBudget) {
        this(model, form, template, maxTokens, tokenBudget, some -> {});
    }

    /** @param cuts called once per client and kind of score, if samples are cut to fit, which is also logged */
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
        this.withPrompt = model.sampleEncoder(template, maxTokens);
        this.alone = model.sampleEncoder(withoutPrompt(template), maxTokens);
        this.tokenBudget = tokenBudget;
        this.cuts = new CutWatch(cuts);
    }

    private AnswerLossScorer(AnswerLossScorer other, LanguageModel copy) {
        model = copy;
        form = other.form;
        withPrompt = other.withPrompt;
        alone = other.alone;
        tokenBudget = other.tokenBudget;
        cuts = other.cuts;
    }

    /**
     * The same on another loaded copy of the model, usually on another device, with equal results. Its tokenizer stays the
     * one of this object's model, so keep both open.
     */
    public AnswerLossScorer on(LanguageModel copy) {
        return new AnswerLossScorer(this, Objects.requireNonNull(copy, "copy"));
    }

    /** The same answers and the same end token, without a prompt. */
    private static PromptTemplate withoutPrompt(PromptTemplate template) {
        return new PromptTemplate() {
            @Override
            public String prompt(Instruction instruction) {
                return "";
            }

            @Override
            public String answer(Instruction instruction) {
                return template.answer(instruction);
            }

            @Override
            public Optional<String> endToken() {
                return template.endToken();
            }
        };
    }

    @Override
    public double[] score(SampleScore kind, List<Instruction> instructions, RoundContext round) {
        SampleEncoder encoder = encoder(kind);
        cuts.look(encoder == alone ? "scores without prompt" : "scores", encoder, instructions, round);
        AdaptedModel adapted = form.isEmpty() ? model.base() : model.with(form, round.globalAdapter());
        Distinct<EncodedSample> samples =
                Distinct.of(instructions.stream().map(encoder::forFeatures).toList());
        List<int[]> rows = samples.items().stream().map(EncodedSample::ids).toList();
        int[] starts = samples.items().stream()
                .mapToInt(sample -> Math.max(1, sample.answerStart())) // the first token is never predicted
                .toArray();
        double[] losses = adapted.losses(rows, starts, tokenBudget);
        return IntStream.of(samples.places())
                .mapToDouble(place -> losses[place])
                .toArray();
    }

    /**
     * The loss of each instruction's reference answer, {@link SampleScore#ANSWER_LOSS}, outside of a round: for an evaluation.
     *
     * @param adapter of this scorer's form; empty for the base model
     */
    public double[] losses(List<Instruction> instructions, Adapter adapter) {
        RoundContext round = new RoundContext("evaluation", 1, Optional.empty(), 0, adapter, Map.of());
        return score(SampleScore.ANSWER_LOSS, instructions, round);
    }

    private SampleEncoder encoder(SampleScore kind) {
        if (kind.equals(SampleScore.ANSWER_LOSS)) {
            return withPrompt;
        }
        if (kind.equals(SampleScore.ANSWER_LOSS_ALONE)) {
            return alone;
        }
        throw new IllegalArgumentException("this scorer knows \"" + SampleScore.ANSWER_LOSS + "\" and \""
                + SampleScore.ANSWER_LOSS_ALONE + "\", not \"" + kind
                + "\"; set a scorer that knows it on the client's builder");
    }
}
