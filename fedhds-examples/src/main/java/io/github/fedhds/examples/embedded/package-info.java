/** The embedded default: a small base model in the class path, and the program that trained it. */
@NullMarked
package io.github.fedhds.examples.embedded;

import org.jspecify.annotations.NullMarked;
