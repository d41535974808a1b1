package io.github.fedhds.transformer;

/** How the hidden states of a text's tokens become one vector. */
public enum Pooling {
    /** The state of the last token, which has seen the whole text; the paper's way. */
    LAST_TOKEN,
    /** The mean of all tokens' states. */
    MEAN
}
