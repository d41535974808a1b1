/** All that travels between a client and the server, as records; never an instruction. */
@NullMarked
package io.github.fedhds.message;

import org.jspecify.annotations.NullMarked;
