/** Shared settings of native libraries, for the packages of this module only. Not for applications; may change at any time. */
@NullMarked
package io.github.fedhds.internal;

import org.jspecify.annotations.NullMarked;
