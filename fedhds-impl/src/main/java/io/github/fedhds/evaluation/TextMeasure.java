package io.github.fedhds.evaluation;

/** The usual measures of an answer's text; each gives 0 to 1. */
public enum TextMeasure implements AnswerMeasure {
    /** Rouge-1 of the Python package {@code rouge}: see {@link PaperRouge}. */
    ROUGE_1((answer, reference) -> PaperRouge.n(1, answer, reference).f()),
    /** Rouge-2 of the Python package {@code rouge}. */
    ROUGE_2((answer, reference) -> PaperRouge.n(2, answer, reference).f()),
    /** Rouge-L of the Python package {@code rouge}: the measure of the FedHDS paper. */
    ROUGE_L((answer, reference) -> PaperRouge.l(answer, reference).f()),
    /** Rouge-1 of Google's {@code rouge_score}: see {@link GoogleRouge}. */
    GOOGLE_ROUGE_1((answer, reference) -> GoogleRouge.n(1, answer, reference).f()),
    /** Rouge-2 of Google's {@code rouge_score}. */
    GOOGLE_ROUGE_2((answer, reference) -> GoogleRouge.n(2, answer, reference).f()),
    /** Rouge-L of Google's {@code rouge_score}. */
    GOOGLE_ROUGE_L((answer, reference) -> GoogleRouge.l(answer, reference).f()),
    /** 1 if both are equal after {@linkplain SquadText normalisation}, else 0. */
    EXACT_MATCH((answer, reference) -> SquadText.tokens(answer).equals(SquadText.tokens(reference)) ? 1 : 0),
    /** F-measure of the common words after {@linkplain SquadText normalisation}, each as often as in both. */
    TOKEN_F1(SquadText::f1);

    private final AnswerMeasure measure;

    TextMeasure(AnswerMeasure measure) {
        this.measure = measure;
    }

    @Override
    public double score(String answer, String reference) {
        return measure.score(answer, reference);
    }
}
