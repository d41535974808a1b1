/** Adapters in PEFT folders, and merging into the base model. */
@NullMarked
package io.github.fedhds.peft;

import org.jspecify.annotations.NullMarked;
