/** Programs that measure how well a choice or a setting works. */
@NullMarked
package io.github.fedhds.examples.experiment;

import org.jspecify.annotations.NullMarked;
