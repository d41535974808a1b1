/**
 * Parts that several packages share: reading files, errors of files, threads, a k-d tree. For the packages of this module
 * alone: not for applications, and may change at any time.
 */
@NullMarked
package io.github.fedhds.internal;

import org.jspecify.annotations.NullMarked;
