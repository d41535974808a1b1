/**
 * Classes that several packages share: threads, a k-d tree, random orders, settings of native libraries. Only for this
 * module. Not for applications; may change at any time.
 */
@NullMarked
package io.github.fedhds.internal;

import org.jspecify.annotations.NullMarked;
