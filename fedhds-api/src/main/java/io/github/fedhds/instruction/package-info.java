/** Step 1 of a round: a client's instructions, and the prompt that a model reads. Hands a list to {@code feature}. */
@NullMarked
package io.github.fedhds.instruction;

import org.jspecify.annotations.NullMarked;
