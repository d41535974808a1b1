/** Step 9 of a round: LoRA configuration, and training on the chosen samples. */
@NullMarked
package io.github.fedhds.lora;

import org.jspecify.annotations.NullMarked;
