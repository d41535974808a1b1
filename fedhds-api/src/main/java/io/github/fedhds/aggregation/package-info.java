/** Step 10 of a round: the role that combines the clients' adapters into the next global adapter. */
@NullMarked
package io.github.fedhds.aggregation;

import org.jspecify.annotations.NullMarked;
