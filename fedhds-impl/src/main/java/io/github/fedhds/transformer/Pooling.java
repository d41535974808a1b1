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
     * @throws IllegalArgumentException if rows of {@link #PARTS} have an odd number of blocks
     */
    public FeatureMatrix grouping(FeatureMatrix features) {
        if (this == PARTS && features.blocks() % 2 != 0) {
            throw new IllegalArgumentException("Pooling.PARTS groups by the first half of a row's blocks, the"
                    + " instruction's, and the feature extractor gave rows of " + features.blocks()
                    + " blocks of width "
                    + features.width() + ", which have no halves; take a HiddenStateExtractor with Pooling.PARTS, or"
                    + " leave FedHds' pooling at LAST_TOKEN for an extractor of another kind");
        }
        return this == PARTS ? features.blocks(0, features.blocks() / 2) : features;
    }
}
