/**
 * Configuration of a model folder or GGUF file: family, sizes, attention, rotary scaling. Used by {@code tokenizer} and {@code
 * transformer}.
 */
@NullMarked
package io.github.fedhds.model;

import org.jspecify.annotations.NullMarked;
