/** Step 10 of a round: rules that make the next adapter of the clients' adapters. */
@NullMarked
package io.github.fedhds.aggregators;

import org.jspecify.annotations.NullMarked;
