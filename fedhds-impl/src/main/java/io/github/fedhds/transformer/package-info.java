/** Step 2 of a round: the decoder, its files, tokens, hidden states and generation, on DJL. Hands rows of features to {@code reduction}. */
@NullMarked
package io.github.fedhds.transformer;

import org.jspecify.annotations.NullMarked;
