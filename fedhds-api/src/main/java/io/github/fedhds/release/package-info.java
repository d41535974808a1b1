/** What leaves a client: roles between its exact messages and those that are sent. */
@NullMarked
package io.github.fedhds.release;

import org.jspecify.annotations.NullMarked;
