/** Steps 4, 5, 7 and 8 of a round: groups of alike candidates and their most telling members. The same role serves client and server. */
@NullMarked
package io.github.fedhds.coreset;

import org.jspecify.annotations.NullMarked;
