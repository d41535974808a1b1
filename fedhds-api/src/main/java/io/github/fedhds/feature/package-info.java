/** Step 2 of a round: one feature row per instruction. Input: the list of {@code instruction}; output: rows for {@code fusion}. */
@NullMarked
package io.github.fedhds.feature;

import org.jspecify.annotations.NullMarked;
