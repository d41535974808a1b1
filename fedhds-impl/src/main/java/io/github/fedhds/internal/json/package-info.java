/** JSON and UTF-8 files that are read with errors which name the place. */
@NullMarked
package io.github.fedhds.internal.json;

import org.jspecify.annotations.NullMarked;
