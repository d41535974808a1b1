/**
 * Step 6 of a round, leaving the client: messages and saved states as bytes. Every count is checked against the
 * available bytes before anything is allocated.
 */
@NullMarked
package io.github.fedhds.codec;

import org.jspecify.annotations.NullMarked;
