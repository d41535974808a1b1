package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.TrainingResult;
import java.util.List;
import java.util.Optional;

/**
 * Is told how a federation gets on. Calls come one at a time on the thread that runs the federation, client by client in
 * roster order; what a listener throws ends the run.
 */
public interface RoundListener {
    /**
     * A run goes on from a checkpoint; told before its first round. None of these rounds' clients is trained again.
     *
     * @param past the rounds that are over, without their adapters; at least one. Rounds that a listener has seen closed
     *     in an earlier process, and that are not here, come again with the same bits
     * @param damage why the newest checkpoint could not be used, and the one before it was; empty if it could
     */
    default void resumed(List<RoundReport> past, Optional<String> damage) {}

    /** A round has begun. */
    default void opened(RoundOpening opening) {}

    /** A client's groups have reached the server. */
    default void summarised(CentroidReport report, Receipt receipt) {}

    /** The server has chosen among the groups. */
    default void selected(int round, int chosen, int centroids) {}

    /** A client has trained. */
    default void trained(int round, ClientId client, TrainingResult result, Receipt receipt) {}

    /**
     * A client's work threw, and the round goes on without it.
     *
     * @see Federation.Builder#failedClients
     */
    default void failed(int round, ClientId client, RuntimeException failure) {}

    /** A round is over, evaluated, and saved if there is a checkpoint. */
    default void closed(RoundReport report) {}

    /** The run ends before its last round, for no evaluation was better than this one for too long. */
    default void stopped(BestRound best) {}

    /** This listener and then another, told the same. */
    default RoundListener andThen(RoundListener next) {
        return new BothListeners(this, next);
    }
}
