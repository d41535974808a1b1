package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.TrainingResult;

/** Is told how a federation gets on. Calls come one at a time, client by client in roster order. */
public interface RoundListener {
    /** A round has begun. */
    default void opened(RoundOpening opening) {}

    /** A client's groups have reached the server. */
    default void summarised(CentroidReport report, Receipt receipt) {}

    /** The server has chosen among the groups. */
    default void selected(int round, int chosen, int centroids) {}

    /** A client has trained. */
    default void trained(int round, ClientId client, TrainingResult result, Receipt receipt) {}

    /** A round is over. */
    default void closed(RoundReport report) {}
}
