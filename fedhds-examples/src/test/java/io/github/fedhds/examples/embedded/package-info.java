/** Tests of the embedded model and of the program that trained it. */
@NullMarked
package io.github.fedhds.examples.embedded;

import org.jspecify.annotations.NullMarked;
