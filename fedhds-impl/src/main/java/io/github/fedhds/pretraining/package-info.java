/** Training of all weights of a small model from its start: where a base model comes from that no one else provides. */
@NullMarked
package io.github.fedhds.pretraining;

import org.jspecify.annotations.NullMarked;
