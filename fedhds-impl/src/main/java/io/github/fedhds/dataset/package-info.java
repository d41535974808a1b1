/** Step 1 of a round: reads instructions from files and deals them to clients. Hands lists to {@code transformer}. */
@NullMarked
package io.github.fedhds.dataset;

import org.jspecify.annotations.NullMarked;
