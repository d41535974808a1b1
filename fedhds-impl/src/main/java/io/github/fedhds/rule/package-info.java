/** Step 10 of a round: rules that make the next adapter of the clients' adapters. */
@NullMarked
package io.github.fedhds.rule;

import org.jspecify.annotations.NullMarked;
