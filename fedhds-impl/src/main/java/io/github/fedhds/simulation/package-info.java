/** The simulator: all clients and the server in one process, with save and resume. */
@NullMarked
package io.github.fedhds.simulation;

import org.jspecify.annotations.NullMarked;
