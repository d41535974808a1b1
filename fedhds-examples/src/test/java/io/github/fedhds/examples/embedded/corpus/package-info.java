/** Tests of the demo's texts, instructions and tokenizer. */
@NullMarked
package io.github.fedhds.examples.embedded.corpus;

import org.jspecify.annotations.NullMarked;
