/** Rounds as JSON objects, for logs and checkpoints. */
@NullMarked
package io.github.fedhds.monitoring.internal;

import org.jspecify.annotations.NullMarked;
