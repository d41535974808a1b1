/** Adapters as folders in the layout of PEFT, and merging into the base model. */
@NullMarked
package io.github.fedhds.peft;

import org.jspecify.annotations.NullMarked;
