/** The safetensors format: named tensors in one file, read without trusting its header. */
@NullMarked
package io.github.fedhds.internal.safetensors;

import org.jspecify.annotations.NullMarked;
