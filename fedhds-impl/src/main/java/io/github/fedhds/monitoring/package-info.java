/** Events of a round for listeners, logs (JSON lines) and Micrometer, which is optional. */
@NullMarked
package io.github.fedhds.monitoring;

import org.jspecify.annotations.NullMarked;
