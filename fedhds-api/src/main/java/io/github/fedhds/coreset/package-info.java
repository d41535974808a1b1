/** Selection (steps 4, 5, 7 and 8 of a round): forms groups of similar candidates, with the most representative members
 * first. Clients and the server use the same role. */
@NullMarked
package io.github.fedhds.coreset;

import org.jspecify.annotations.NullMarked;
