/** What every role knows: the client and the round that it works in. */
@NullMarked
package io.github.fedhds.round;

import org.jspecify.annotations.NullMarked;
