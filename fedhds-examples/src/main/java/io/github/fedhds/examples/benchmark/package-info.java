/** Programs that measure speed and memory. */
@NullMarked
package io.github.fedhds.examples.benchmark;

import org.jspecify.annotations.NullMarked;
