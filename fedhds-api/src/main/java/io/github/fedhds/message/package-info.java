/** All messages between a client and the server, as records. None contains an instruction. */
@NullMarked
package io.github.fedhds.message;

import org.jspecify.annotations.NullMarked;
