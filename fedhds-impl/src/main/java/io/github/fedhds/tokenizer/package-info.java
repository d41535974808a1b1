/** Steps 1 to 2 of a round: instructions become token ids, by a prompt template and the tokenizer of a model folder. */
@NullMarked
package io.github.fedhds.tokenizer;

import org.jspecify.annotations.NullMarked;
