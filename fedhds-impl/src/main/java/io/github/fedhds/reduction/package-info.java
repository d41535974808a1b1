/** Step 3 of a round: fused features. Takes the rows of {@code feature}, hands few coordinates to {@code clustering}. */
@NullMarked
package io.github.fedhds.reduction;

import org.jspecify.annotations.NullMarked;
