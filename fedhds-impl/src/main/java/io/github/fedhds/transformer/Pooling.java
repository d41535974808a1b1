package io.github.fedhds.transformer;

import io.github.fedhds.feature.FeatureMatrix;

/** How the hidden states of a text's tokens become one feature row. */
public enum Pooling {
    /** The state of the last token, which depends on the whole text; the method of the FedHDS paper. */
    LAST_TOKEN,
    /** The mean of all tokens' states. */
    MEAN,
    /**
     * The mean of all tokens' states except the first token's; of a text of one token, that token's state. In many models
     * the first token's states are far larger than all others', whatever the token, and would dominate the mean.
     *
     * @see <a href="https://arxiv.org/abs/2402.17762">Sun et al. 2024: Massive activations in large language models</a>
     */
    MEAN_WITHOUT_FIRST,
    /**
     * The mean of all tokens' states, weighted by position: token i of n, from 1, has the weight 2 i / (n (n + 1)). Later
     * states depend on more of the text.
     *
     * @see <a href="https://arxiv.org/abs/2202.08904">Muennighoff 2022: SGPT, section 4</a>
     */
    POSITION_WEIGHTED_MEAN,
    /**
     * For every state, the mean over the instruction's tokens, then the mean over the answer's tokens: twice as many
     * blocks. The template's words and the input are in neither mean, but both depend on the text before them. Nor is the
     * first token, unless the template begins with the instruction and the model has no BOS token. A part without tokens
     * is zero.
     *
     * <p>Instructions identify a task; their wording and the content of a task's inputs separate clients' samples, but
     * not tasks. Answers show what is done, regardless of the wording.
     */
    PARTS;

    /**
     * The part of the rows that groups are found by: for {@link #PARTS} the means of the instructions, else the whole
     * rows.
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
