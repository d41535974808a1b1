/** Dense linear algebra in double, with ND4J, which only this package uses. */
@NullMarked
package io.github.fedhds.internal.algebra;

import org.jspecify.annotations.NullMarked;
