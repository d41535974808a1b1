/** Comparison of methods over paired seeds: each method runs with the same clients, first adapter and evaluation. */
@NullMarked
package io.github.fedhds.examples.comparison;

import org.jspecify.annotations.NullMarked;
