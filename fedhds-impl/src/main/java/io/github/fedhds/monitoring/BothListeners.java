package io.github.fedhds.monitoring;

import io.github.fedhds.RoundSummary;
import io.github.fedhds.ServerListener;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.RoundResult;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Tells two what it is told; of the server's events, the second one also if the first throws. */
final class BothListeners implements RoundListener {
    private final RoundListener first;
    private final RoundListener second;
    private final ServerListener ofServer;

    BothListeners(RoundListener first, RoundListener second) {
        this.first = first;
        this.second = second;
        this.ofServer = first.andThen((ServerListener) second);
    }

    private void tell(Consumer<RoundListener> event) {
        event.accept(first);
        event.accept(second);
    }

    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        tell(l -> l.resumed(past, damage));
    }

    @Override
    public void failed(int round, ClientId client, RuntimeException failure) {
        tell(l -> l.failed(round, client, failure));
    }

    @Override
    public void closed(RoundReport report) {
        tell(l -> l.closed(report));
    }

    @Override
    public void stopped(BestRound best) {
        tell(l -> l.stopped(best));
    }

    @Override
    public void untrained(UntrainedRun run) {
        tell(l -> l.untrained(run));
    }

    @Override
    public void opened(RoundOpening opening) {
        ofServer.opened(opening);
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        ofServer.answered(message, receipt);
    }

    @Override
    public void received(CentroidReport report, Receipt receipt) {
        ofServer.received(report, receipt);
    }

    @Override
    public void received(Withdrawal withdrawal, Receipt receipt) {
        ofServer.received(withdrawal, receipt);
    }

    @Override
    public void selected(int round, Map<ClientId, GroupSelection> selections) {
        ofServer.selected(round, selections);
    }

    @Override
    public void received(AdapterUpdate update, Receipt receipt) {
        ofServer.received(update, receipt);
    }

    @Override
    public void voided(int round, String reason) {
        ofServer.voided(round, reason);
    }

    @Override
    public void closed(RoundResult result) {
        ofServer.closed(result);
    }

    @Override
    public void ended(RoundSummary summary) {
        ofServer.ended(summary);
    }
}
