package io.github.fedhds;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import java.util.Map;

/**
 * Is told what a server decides, in the order of its decisions, one at a time and each once it is done: it may ask the
 * server for its adapter, and where the round is over ({@link #closed}, {@link #ended}, or {@link #voided} of a round that
 * was abandoned or aggregated) for its state. The server's lock is held meanwhile, so be quick, and wait for no thread
 * that calls the server. An exception thrown here is logged as a warning of the logger {@code io.github.fedhds} and
 * changes nothing.
 */
public interface ServerListener {
    /** A round has begun. */
    default void opened(RoundOpening opening) {}

    /**
     * A message of any kind was accepted, had come before, or was refused; told before the event of its kind. Of an opening
     * or a selection, which a server refuses, and of a client's receipt, there is no other event.
     */
    default void answered(Message message, Receipt receipt) {}

    /** A client's centroids were accepted, had come before, or were refused. */
    default void received(CentroidReport report, Receipt receipt) {}

    /** A client has withdrawn, had said so before, or its message was refused. */
    default void received(Withdrawal withdrawal, Receipt receipt) {}

    /** The reports are closed and the groups chosen; every selection is empty in a round that is void. */
    default void selected(int round, Map<ClientId, GroupSelection> selections) {}

    /** A client's adapter was accepted, had come before, or was refused. */
    default void received(AdapterUpdate update, Receipt receipt) {}

    /**
     * The round comes to nothing and the adapter stays: too few answers, a failed aggregator, or abandoned.
     *
     * @param reason which of them, with its numbers
     */
    default void voided(int round, String reason) {}

    /** The round has ended with a result; not told of one that was abandoned, or whose aggregator failed. */
    default void closed(RoundResult result) {}

    /** The round is over, whatever became of it; told last, after {@link #closed} or {@link #voided}. */
    default void ended(RoundSummary summary) {}
}
