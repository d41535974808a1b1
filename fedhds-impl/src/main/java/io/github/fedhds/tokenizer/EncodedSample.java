package io.github.fedhds.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A sample as token ids.
 *
 * @param ids prompt, answer and EOS id
 * @param answerStart index of the first answer token; {@code ids.length} if there is no answer
 * @param cut true if part of the prompt (or, only for features, of the answer) was cut to fit
 * @param earlierAnswers the answers of the assistant inside of the prompt, each with its end token, in order
 */
public record EncodedSample(int[] ids, int answerStart, boolean cut, List<TokenSpan> earlierAnswers) {
    public EncodedSample {
        earlierAnswers = List.copyOf(earlierAnswers);
    }

    /** A sample with one answer. */
    public EncodedSample(int[] ids, int answerStart, boolean cut) {
        this(ids, answerStart, cut, List.of());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EncodedSample that
                && answerStart == that.answerStart
                && cut == that.cut
                && Arrays.equals(ids, that.ids)
                && earlierAnswers.equals(that.earlierAnswers);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + answerStart;
    }

    /** Number of answer tokens, including the EOS id; without earlier answers. */
    public int answerLength() {
        return ids.length - answerStart;
    }

    /**
     * Indices of the tokens that a model is trained to write, ascending: all answers with their end tokens. Without the
     * first token of the sample, which is never predicted.
     */
    public int[] trainedPlaces() {
        return IntStream.concat(
                        earlierAnswers.stream().flatMapToInt(span -> IntStream.range(span.from(), span.to())),
                        IntStream.range(answerStart, ids.length))
                .filter(place -> place > 0)
                .toArray();
    }
}
