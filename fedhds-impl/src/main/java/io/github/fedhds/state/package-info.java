/**
 * Saved runs. Takes a server's state between two rounds, keeps it in a folder that survives a kill and a loss of power, and
 * gives it back to the server that goes on.
 */
@NullMarked
package io.github.fedhds.state;

import org.jspecify.annotations.NullMarked;
