/** Byte forms: the safetensors container. Every count is checked against the bytes that are there before anything is allocated. */
@NullMarked
package io.github.fedhds.wire;

import org.jspecify.annotations.NullMarked;
