/** One short program a question, and the main job. */
@NullMarked
package io.github.fedhds.examples;

import org.jspecify.annotations.NullMarked;
