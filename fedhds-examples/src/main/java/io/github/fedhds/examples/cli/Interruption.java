package io.github.fedhds.examples.cli;

import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.RoundListener;
import java.io.PrintStream;

/**
 * Says what a run leaves behind when the process is interrupted. The checkpoint of the last finished round is on disk by
 * then: it is written at the end of each round.
 */
final class Interruption implements RoundListener, AutoCloseable {
    private final PrintStream out;
    private final int rounds;
    private final boolean saved;
    private final Thread hook = new Thread(this::tell, "fedhds-interruption");
    private volatile int round;

    /** Whether a run tells what it leaves behind. */
    private static volatile boolean watching;

    private Interruption(PrintStream out, int rounds, boolean saved) {
        this.out = out;
        this.rounds = rounds;
        this.saved = saved;
    }

    /**
     * Watches until it is closed.
     *
     * @param saved whether the run has a checkpoint
     */
    static Interruption watch(PrintStream out, int rounds, boolean saved) {
        Interruption interruption = new Interruption(out, rounds, saved);
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        watching = true;
        return interruption;
    }

    @Override
    public void opened(RoundOpening opening) {
        round = opening.round();
    }

    private void tell() {
        out.println();
        out.println(text());
        out.flush();
    }

    String text() {
        String where =
                round == 0 ? "interrupted before the first round" : "interrupted in round " + round + " of " + rounds;
        if (!saved) {
            return where + "; nothing is saved without --out";
        }
        return where + (round > 1 ? "; the rounds before it are saved" : "")
                + "; go on with the same options and --resume";
    }

    /** Watches a whole command: says that nothing was written, unless it is a run that says more. */
    static Thread ofCommand() {
        Thread hook = new Thread(
                () -> {
                    if (!watching) {
                        System.err.println("fedhds: interrupted; nothing was written");
                    }
                },
                "fedhds-interruption");
        Runtime.getRuntime().addShutdownHook(hook);
        return hook;
    }

    @Override
    public void close() {
        watching = false;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook runs.
        }
    }
}
