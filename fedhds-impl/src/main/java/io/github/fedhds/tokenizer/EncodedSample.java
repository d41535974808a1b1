package io.github.fedhds.tokenizer;

import java.util.Arrays;

/**
 * A sample as token ids.
 *
 * @param ids prompt, answer and EOS id
 * @param answerStart index of the first answer token; {@code ids.length} if there is no answer
 * @param cut true if part of the prompt (or, only for features, of the answer) was cut to fit
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

    /** Number of answer tokens, including the EOS id. */
    public int answerLength() {
        return ids.length - answerStart;
    }
}
