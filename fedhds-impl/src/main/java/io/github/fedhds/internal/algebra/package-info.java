/** Dense linear algebra in double, by ND4J, which is used in this package only. */
@NullMarked
package io.github.fedhds.internal.algebra;

import org.jspecify.annotations.NullMarked;
