/** Step 10 of a round: the aggregation rules, from FedAvg to robust rules. */
@NullMarked
package io.github.fedhds.aggregators;

import org.jspecify.annotations.NullMarked;
