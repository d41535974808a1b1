/** Step 1 of a round: a client's instructions and their prompt template. Output: a list for {@code feature}. */
@NullMarked
package io.github.fedhds.instruction;

import org.jspecify.annotations.NullMarked;
