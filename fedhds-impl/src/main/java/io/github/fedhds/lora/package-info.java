/** Step 9 of a round: LoRA configuration, training, and adapter folders in the layout of PEFT. */
@NullMarked
package io.github.fedhds.lora;

import org.jspecify.annotations.NullMarked;
