/** The command line: the main job on the user's model and data, or the comparison on the embedded model. */
@NullMarked
package io.github.fedhds.examples.cli;

import org.jspecify.annotations.NullMarked;
