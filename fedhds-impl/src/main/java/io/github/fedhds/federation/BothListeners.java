package io.github.fedhds.federation;

import io.github.fedhds.ClientId;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.training.TrainingResult;
import java.util.List;
import java.util.Optional;

/** Tells two what it is told. */
record BothListeners(RoundListener first, RoundListener second) implements RoundListener {
    @Override
    public void resumed(List<RoundReport> past, Optional<String> damage) {
        first.resumed(past, damage);
        second.resumed(past, damage);
    }

    @Override
    public void opened(RoundOpening opening) {
        first.opened(opening);
        second.opened(opening);
    }

    @Override
    public void summarised(CentroidReport report, Receipt receipt) {
        first.summarised(report, receipt);
        second.summarised(report, receipt);
    }

    @Override
    public void selected(int round, int chosen, int centroids) {
        first.selected(round, chosen, centroids);
        second.selected(round, chosen, centroids);
    }

    @Override
    public void trained(int round, ClientId client, TrainingResult result, Receipt receipt) {
        first.trained(round, client, result, receipt);
        second.trained(round, client, result, receipt);
    }

    @Override
    public void failed(int round, ClientId client, RuntimeException failure) {
        first.failed(round, client, failure);
        second.failed(round, client, failure);
    }

    @Override
    public void closed(RoundReport report) {
        first.closed(report);
        second.closed(report);
    }

    @Override
    public void stopped(BestRound best) {
        first.stopped(best);
        second.stopped(best);
    }
}
