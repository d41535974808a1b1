package io.github.fedhds.examples.embedded.corpus;

/** One example of a skill: input text and answer. */
record Example(String input, String answer) {}
