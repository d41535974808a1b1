/** Reads JSON; errors name the place in the file. */
@NullMarked
package io.github.fedhds.internal.json;

import org.jspecify.annotations.NullMarked;
