package io.github.fedhds.monitoring;

import io.github.fedhds.ServerListener;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.simulation.Federation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Receives the events of a federation: those of its server, see {@link ServerListener}, and the events here, which only
 * a federation has. Calls come one at a time on the thread that runs the federation, client by client in registered
 * order.
 *
 * <p>An exception from a method of this interface ends the run. An exception from a method of {@link ServerListener} is
 * logged as a warning and has no other effect, as with any server.
 */
public interface RoundListener extends ServerListener {
    /**
     * A run continues from a checkpoint; called before its first round. No client of the past rounds trains again.
     *
     * @param past the rounds that are over, without their adapters; at least one. Rounds that a listener has seen closed
     *     in an earlier process, and that are not in this list, are run again with equal results
     * @param damage why the previous checkpoint was used instead of the newest one; empty if the newest was used
     */
    default void resumed(List<RoundReport> past, Optional<String> damage) {}

    /**
     * A client has done a step of a round: features and groups, training, or a part of a secure sum. Called before the
     * server has its answer; also if the step failed and the round goes on.
     *
     * @param work how long the step took
     */
    default void worked(int round, ClientId client, Duration work) {}

    /**
     * A client threw an exception, and the round continues without it.
     *
     * @see Federation.Builder#failedClients
     */
    default void failed(int round, ClientId client, RuntimeException failure) {}

    /**
     * A round is over, evaluated, and saved if there is a checkpoint; called after the server's events for the end of
     * the round.
     */
    default void closed(RoundReport report) {}

    /** The run ends before its last round, because too many evaluations in a row were no better than this round's. */
    default void stopped(BestRound best) {}

    /** The run has ended, and no round has changed the adapter. */
    default void untrained(UntrainedRun run) {}
}
