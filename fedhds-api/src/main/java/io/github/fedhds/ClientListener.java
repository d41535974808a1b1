package io.github.fedhds;

import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.RoundContext;
import io.github.fedhds.training.TrainingResult;
import java.util.List;

/**
 * Is told what a client does, in order, each once it is done. The client's lock is held meanwhile, so be quick, and wait
 * for no thread that calls the client. An exception thrown here is logged as a warning of the logger
 * {@code io.github.fedhds} and changes nothing.
 */
public interface ClientListener {
    /**
     * The client has grouped its instructions, before it releases anything of them: for pictures and checks on the client.
     * What is told here is private; no noise protects it. Not told again when an opening comes twice.
     *
     * @param round the round, with the client
     * @param candidates the instructions; do not keep the object, which holds the features. {@link Candidates#points}
     *     computes what the selector did not need, {@link Candidates#computedPoints} does not
     * @param coreset the groups
     * @param centroids the exact centroid of each group
     */
    default void grouped(RoundContext round, Candidates candidates, Coreset coreset, List<Centroid> centroids) {}

    /** The client has found its groups. Not told again when an opening comes twice. */
    default void summarised(RoundOpening opening, CentroidReport report) {}

    /** The client has trained; {@link TrainingResult#counts} tells what was left out. */
    default void trained(AdapterUpdate update, TrainingResult result) {}

    /** The client takes no part in a round, or no further part. */
    default void withdrew(Withdrawal withdrawal) {}

    /** The server's receipt has come, by way of {@link FedHdsClient#answer}. */
    default void received(Receipt receipt) {}
}
