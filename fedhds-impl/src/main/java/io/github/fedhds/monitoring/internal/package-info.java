/** Rounds as JSON objects, shared by the logs and the checkpoints of the simulator. */
@NullMarked
package io.github.fedhds.monitoring.internal;

import org.jspecify.annotations.NullMarked;
