package io.github.fedhds.examples.embedded.corpus;

/** The kinds of tasks, which also occur in real instruction sets. */
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
