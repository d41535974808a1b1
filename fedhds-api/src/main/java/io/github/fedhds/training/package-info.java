/** Step 9 of a round: the role that trains an adapter on the chosen instructions. */
@NullMarked
package io.github.fedhds.training;

import org.jspecify.annotations.NullMarked;
