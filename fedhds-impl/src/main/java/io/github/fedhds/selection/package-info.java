/** Steps 4 to 8 of a round: selectors, built of clustering and choice. Take candidates, give groups. */
@NullMarked
package io.github.fedhds.selection;

import org.jspecify.annotations.NullMarked;
