/** Steps 4 to 8 of a round: selectors and selection strategies. Input: candidates; output: groups. */
@NullMarked
package io.github.fedhds.selection;

import org.jspecify.annotations.NullMarked;
