/**
 * Reading files and telling what is wrong with them, for the packages of this module alone: not for applications, and may
 * change at any time.
 */
@NullMarked
package io.github.fedhds.internal;

import org.jspecify.annotations.NullMarked;
