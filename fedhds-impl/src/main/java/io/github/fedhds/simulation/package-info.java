/** The simulator: all clients and the server in one process, saved and resumed. */
@NullMarked
package io.github.fedhds.simulation;

import org.jspecify.annotations.NullMarked;
