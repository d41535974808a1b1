/** Beside step 2 of a round: rows of features that are kept, so that none is computed twice. {@code transformer} asks here first. */
@NullMarked
package io.github.fedhds.caching;

import org.jspecify.annotations.NullMarked;
