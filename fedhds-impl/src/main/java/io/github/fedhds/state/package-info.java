/** Saved runs: a server's state between two rounds, in a folder that survives crashes and power loss. */
@NullMarked
package io.github.fedhds.state;

import org.jspecify.annotations.NullMarked;
