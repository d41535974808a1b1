/**
 * Writes the texts of the embedded demo: what its base model is pre-trained on, the instructions its clients hold, and
 * the tokenizer of both. All come from one lexicon and one set of skills, so that the model can know what a task needs
 * without having seen how the task asks for it.
 */
@NullMarked
package io.github.fedhds.examples.embedded.corpus;

import org.jspecify.annotations.NullMarked;
