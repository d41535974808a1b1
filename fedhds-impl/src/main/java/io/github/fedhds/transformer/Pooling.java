package io.github.fedhds.transformer;

import io.github.fedhds.feature.FeatureMatrix;

/** How the states of a text's tokens become one feature row. */
public enum Pooling {
    /** The state of the last token, which has seen the whole text; the paper's way. */
    LAST_TOKEN,
    /** The mean of all tokens' states. */
    MEAN,
    /**
     * The mean over the instruction's tokens, of every state, and then that over the answer's: twice as many blocks. The
     * template's words and the input count in neither, but both means have seen what comes before them. A part without a
     * token is zero.
     *
     * <p>Instructions say what a task is; how they are phrased, and what a task's inputs are about, tells clients' samples
     * apart but not tasks. Answers say what is done, whatever the phrasing.
     */
    PARTS;

    /**
     * What groups are found by: of {@link #PARTS} the instructions' means, else the whole rows.
     *
     * @param features rows of this pooling
     */
    public FeatureMatrix grouping(FeatureMatrix features) {
        return this == PARTS ? features.blocks(0, features.blocks() / 2) : features;
    }
}
