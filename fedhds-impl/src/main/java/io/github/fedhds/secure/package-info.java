/** Secure aggregation: the server learns a sum of the clients' vectors, and no single one. */
@NullMarked
package io.github.fedhds.secure;

import org.jspecify.annotations.NullMarked;
