/** Atomic replacement of files, UTF-8 text files, and errors that name the file and the cause. */
@NullMarked
package io.github.fedhds.internal.file;

import org.jspecify.annotations.NullMarked;
