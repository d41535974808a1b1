/** Dense linear algebra, with PyTorch or ND4J; only this package uses ND4J. */
@NullMarked
package io.github.fedhds.internal.algebra;

import org.jspecify.annotations.NullMarked;
