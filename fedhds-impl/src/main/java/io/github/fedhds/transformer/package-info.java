/** The decoder: loading, hidden states, losses and gradients, generation. Used by {@code features} and {@code lora}. */
@NullMarked
package io.github.fedhds.transformer;

import org.jspecify.annotations.NullMarked;
