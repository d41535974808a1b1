package io.github.fedhds.examples.embedded.corpus;

/** The kinds of task that real instruction sets hold too. */
public enum Kind {
    CLASSIFICATION,
    EXTRACTION,
    REWRITING,
    ARITHMETIC,
    ORDERING,
    SELECTION,
    QUESTION_ANSWERING,
    COUNTING,
    COMPARING,
    COPYING,
    COMPLETION,
    JOINING
}
