package io.github.fedhds.examples.cli;

/** Exit statuses of the command line. An interrupted process ends with 130, which the JVM sets. */
final class ExitStatus {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /** No round trained, or a privacy budget is spent. */
    static final int NOTHING_TRAINED = 3;

    private ExitStatus() {}
}
