/** The safetensors format: named tensors in one file, with an untrusted header. */
@NullMarked
package io.github.fedhds.internal.safetensors;

import org.jspecify.annotations.NullMarked;
