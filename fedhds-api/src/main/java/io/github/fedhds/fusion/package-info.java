/** Step 3 of a round: reduces feature rows to few coordinates. Input: the rows of {@code feature}; output: points for {@code coreset}. */
@NullMarked
package io.github.fedhds.fusion;

import org.jspecify.annotations.NullMarked;
