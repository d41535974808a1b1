package io.github.fedhds.examples.embedded.corpus;

/** One use of a skill: the text it is applied to, and what comes out. */
record Example(String input, String answer) {}
