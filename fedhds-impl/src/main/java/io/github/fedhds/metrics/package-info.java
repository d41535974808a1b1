/** What happens in a federation, as meters of Micrometer, which an application that uses this package brings along. */
@NullMarked
package io.github.fedhds.metrics;

import org.jspecify.annotations.NullMarked;
