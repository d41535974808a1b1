/** Steps 4, 5, 7 and 8 of a round: groups of similar candidates, the most representative member first. Clients and server use the same role. */
@NullMarked
package io.github.fedhds.coreset;

import org.jspecify.annotations.NullMarked;
