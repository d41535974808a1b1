/** Step 11 of a round: Rouge-L of generated answers. */
@NullMarked
package io.github.fedhds.evaluation;

import org.jspecify.annotations.NullMarked;
