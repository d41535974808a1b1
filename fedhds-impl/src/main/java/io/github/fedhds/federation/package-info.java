/** All of a round: clients and server in one process, and the wiring of the defaults. */
@NullMarked
package io.github.fedhds.federation;

import org.jspecify.annotations.NullMarked;
