/** Values of every role: the client, the round, and random streams derived from the run's seed. */
@NullMarked
package io.github.fedhds.round;

import org.jspecify.annotations.NullMarked;
