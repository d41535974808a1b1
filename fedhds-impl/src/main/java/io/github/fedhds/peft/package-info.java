/** Adapters in PEFT folders and as GGUF, and merging into the base model. */
@NullMarked
package io.github.fedhds.peft;

import org.jspecify.annotations.NullMarked;
