package io.github.fedhds.tokenizer;

/**
 * A range of the tokens of a sample.
 *
 * @param from index of the first token
 * @param to index after the last token
 */
public record TokenSpan(int from, int to) {
    public TokenSpan {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException(
                    "a span must be from 0 or more to the same or more, was " + from + " to " + to);
        }
    }
}
