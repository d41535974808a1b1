/** What the configuration of a model folder says: family, sizes, attention, rotary scaling. {@code tokenizer} and {@code transformer} take it. */
@NullMarked
package io.github.fedhds.model;

import org.jspecify.annotations.NullMarked;
