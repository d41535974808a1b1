/** Step 2 of a round: a row of features for each instruction. Takes the list of {@code instruction}, hands rows to fusion. */
@NullMarked
package io.github.fedhds.feature;

import org.jspecify.annotations.NullMarked;
