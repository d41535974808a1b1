package io.github.fedhds.monitoring;

import io.github.fedhds.ServerListener;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.simulation.Federation;
import java.util.List;
import java.util.Optional;

/**
 * Is told how a federation gets on: all that its server tells a {@link ServerListener}, and the events here, which only a
 * federation has. Calls come one at a time on the thread that runs the federation, client by client in roster order.
 *
 * <p>What a listener throws over an event of this interface ends the run. What it throws over an event of the server is
 * logged as a warning and changes nothing, as with any server.
 */
public interface RoundListener extends ServerListener {
    /**
     * A run goes on from a checkpoint; told before its first round. None of these rounds' clients is trained again.
     *
     * @param past the rounds that are over, without their adapters; at least one. Rounds that a listener has seen closed
     *     in an earlier process, and that are not here, come again with the same bits
     * @param damage why the newest checkpoint could not be used, and the one before it was; empty if it could
     */
    default void resumed(List<RoundReport> past, Optional<String> damage) {}

    /**
     * A client's work threw, and the round goes on without it.
     *
     * @see Federation.Builder#failedClients
     */
    default void failed(int round, ClientId client, RuntimeException failure) {}

    /** A round is over, evaluated, and saved if there is a checkpoint; the server has told its end before. */
    default void closed(RoundReport report) {}

    /** The run ends before its last round, for no evaluation was better than this one for too long. */
    default void stopped(BestRound best) {}

    /** The run has ended, and no round has changed the adapter. */
    default void untrained(UntrainedRun run) {}

    /** This listener and then another, told the same. */
    default RoundListener andThen(RoundListener next) {
        return new BothListeners(this, next);
    }
}
