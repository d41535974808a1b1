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
import java.util.function.Consumer;

/** Tells two what it is told. */
record BothServerListeners(ServerListener first, ServerListener second) implements ServerListener {
    private void tell(Consumer<ServerListener> event) {
        Both.tell(first, second, event);
    }

    @Override
    public void opened(RoundOpening opening) {
        tell(l -> l.opened(opening));
    }

    @Override
    public void answered(Message message, Receipt receipt) {
        tell(l -> l.answered(message, receipt));
    }

    @Override
    public void received(CentroidReport report, Receipt receipt) {
        tell(l -> l.received(report, receipt));
    }

    @Override
    public void received(Withdrawal withdrawal, Receipt receipt) {
        tell(l -> l.received(withdrawal, receipt));
    }

    @Override
    public void selected(int round, Map<ClientId, GroupSelection> selections) {
        tell(l -> l.selected(round, selections));
    }

    @Override
    public void received(AdapterUpdate update, Receipt receipt) {
        tell(l -> l.received(update, receipt));
    }

    @Override
    public void voided(int round, String reason) {
        tell(l -> l.voided(round, reason));
    }

    @Override
    public void closed(RoundResult result) {
        tell(l -> l.closed(result));
    }

    @Override
    public void ended(RoundSummary summary) {
        tell(l -> l.ended(summary));
    }
}
