/** Step 9 of a round: LoRA adapters, and the role that trains one on the chosen instructions. */
@NullMarked
package io.github.fedhds.training;

import org.jspecify.annotations.NullMarked;
