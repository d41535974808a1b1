/** Trains all weights of a small base model from scratch. */
@NullMarked
package io.github.fedhds.pretraining;

import org.jspecify.annotations.NullMarked;
