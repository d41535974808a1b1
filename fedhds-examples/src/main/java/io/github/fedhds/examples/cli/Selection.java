package io.github.fedhds.examples.cli;

/** Which of a client's instructions are trained on. */
public enum Selection {
    /** The paper's two-level choice. */
    FEDHDS,
    /** Samples of as many groups as can be told apart: what covers most tasks. */
    DIVERSE,
    /** A random share. */
    RANDOM,
    /** All of them: FedIT. */
    FULL
}
