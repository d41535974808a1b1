/** The two objects of a round, {@link io.github.fedhds.FedHdsClient} and {@link io.github.fedhds.FedHdsServer}, with their listeners, client samplers and saved state. */
@NullMarked
package io.github.fedhds;

import org.jspecify.annotations.NullMarked;
