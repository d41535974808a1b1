/** The two plain objects of a round, {@link io.github.fedhds.FedHdsClient} and {@link io.github.fedhds.FedHdsServer}, and what they share. */
@NullMarked
package io.github.fedhds;

import org.jspecify.annotations.NullMarked;
