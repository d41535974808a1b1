/** Adapters as folders in the layout of PEFT, and merged into their base model. */
@NullMarked
package io.github.fedhds.peft;

import org.jspecify.annotations.NullMarked;
