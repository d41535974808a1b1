/** The decoder on DJL: loading, hidden states, losses and gradients, generation. {@code features} and {@code lora} run it. */
@NullMarked
package io.github.fedhds.transformer;

import org.jspecify.annotations.NullMarked;
