/** Files that are replaced in one step, and errors that name the file and the cause. */
@NullMarked
package io.github.fedhds.internal.file;

import org.jspecify.annotations.NullMarked;
