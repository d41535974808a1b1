/** A transport over HTTP: a server and a client that carry the messages of a federation. */
@NullMarked
package io.github.fedhds.examples.http;

import org.jspecify.annotations.NullMarked;
