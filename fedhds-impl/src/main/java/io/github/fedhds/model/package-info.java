/**
 * Configuration of a model folder: family, sizes, attention, rotary scaling. Used by {@code tokenizer} and {@code
 * transformer}.
 */
@NullMarked
package io.github.fedhds.model;

import org.jspecify.annotations.NullMarked;
