/** Step 3 of a round: places feature rows on few axes. Takes the rows of {@code feature}, hands points to {@code coreset}. */
@NullMarked
package io.github.fedhds.fusion;

import org.jspecify.annotations.NullMarked;
