package io.github.fedhds.tokenizer;

import java.util.Arrays;

/**
 * A sample as the model reads it.
 *
 * @param ids prompt, answer and EOS id
 * @param answerStart place of the first answer token; {@code ids.length} where there is no answer
 * @param cut true if part of the prompt (or, for features alone, of the answer) was left out to fit
 */
public record EncodedSample(int[] ids, int answerStart, boolean cut) {
    @Override
    public boolean equals(Object other) {
        return other instanceof EncodedSample that
                && answerStart == that.answerStart
                && cut == that.cut
                && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + answerStart;
    }

    /** Number of answer tokens, the EOS id included. */
    public int answerLength() {
        return ids.length - answerStart;
    }
}
