/** Step 1 to 2 of a round: instructions become token ids, by the tokenizer of a model folder and a prompt template. */
@NullMarked
package io.github.fedhds.tokenizer;

import org.jspecify.annotations.NullMarked;
