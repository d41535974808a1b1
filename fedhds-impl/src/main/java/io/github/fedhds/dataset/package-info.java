/**
 * Step 1 of a round: reads instructions from files and distributes them to clients. Output: lists for {@code
 * tokenizer}.
 */
@NullMarked
package io.github.fedhds.dataset;

import org.jspecify.annotations.NullMarked;
