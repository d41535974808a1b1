package io.github.fedhds.examples.cli;

/** Which of a client's instructions are trained on, as the command line names it. */
public enum SelectionName {
    /** The paper's selection on clients and server. */
    FEDHDS,
    /** Samples that differ as much as possible: covers the most tasks. */
    DIVERSE,
    /** A random share. */
    RANDOM,
    /** All of them: FedIT. */
    FULL
}
