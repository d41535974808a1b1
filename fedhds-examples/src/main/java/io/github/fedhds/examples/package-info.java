/** Short programs that answer one question each, and the main job. */
@NullMarked
package io.github.fedhds.examples;

import org.jspecify.annotations.NullMarked;
