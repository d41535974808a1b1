/** What happens in a round, told to listeners, logs (JSON lines) and Micrometer, which an application that uses its meters brings along. */
@NullMarked
package io.github.fedhds.monitoring;

import org.jspecify.annotations.NullMarked;
