package io.github.fedhds.examples.cli;

/** Selection of a client's training instructions, by its name on the command line. */
public enum SelectionName {
    /** The paper's selection on clients and server. */
    FEDHDS,
    /** Samples that differ as much as possible; covers the most tasks. */
    DIVERSE,
    /** A share at random. */
    RANDOM,
    /** All instructions, as in FedIT. */
    FULL
}
