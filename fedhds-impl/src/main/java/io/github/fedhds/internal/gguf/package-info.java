/** GGUF files, as written by llama.cpp: metadata, and tensors in packed types. */
@NullMarked
package io.github.fedhds.internal.gguf;

import org.jspecify.annotations.NullMarked;
