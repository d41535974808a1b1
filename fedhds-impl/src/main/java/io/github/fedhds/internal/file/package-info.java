/** Files that are replaced atomically, text files that are read as UTF-8, and errors that name the file and the cause. */
@NullMarked
package io.github.fedhds.internal.file;

import org.jspecify.annotations.NullMarked;
