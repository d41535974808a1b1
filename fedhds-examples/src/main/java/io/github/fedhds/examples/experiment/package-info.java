/** Programs that measure the effect of a selection or a setting. */
@NullMarked
package io.github.fedhds.examples.experiment;

import org.jspecify.annotations.NullMarked;
