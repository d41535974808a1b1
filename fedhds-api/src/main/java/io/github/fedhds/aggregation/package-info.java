/** Step 10 of a round: the clients' adapters become the next global one. */
@NullMarked
package io.github.fedhds.aggregation;

import org.jspecify.annotations.NullMarked;
