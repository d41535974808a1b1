/**
 * Generates the texts of the embedded demo: the pre-training text of its base model, the instructions of its clients,
 * and the tokenizer of both. All use one lexicon and one set of skills, so that the model can know the skill of a task
 * without having seen the task's definition.
 */
@NullMarked
package io.github.fedhds.examples.embedded.corpus;

import org.jspecify.annotations.NullMarked;
