package io.github.fedhds;

import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A round of this client: what it found, and, once it has trained, what it answered. */
final class ClientStep {
    final RoundContext round;
    final List<ClientId> clients;
    final Optional<Frame> frame;
    final GroupFinder.Found found;
    final CentroidReport report;

    @Nullable
    GroupSelection selection;

    Optional<Message> trained = Optional.empty();

    @Nullable
    ClientSum sum;

    ClientStep(
            RoundContext round,
            List<ClientId> clients,
            Optional<Frame> frame,
            GroupFinder.Found found,
            CentroidReport report) {
        this.round = round;
        this.clients = clients;
        this.frame = frame;
        this.found = found;
        this.report = report;
    }

    boolean isOf(String runId) {
        return round.runId().equals(runId);
    }

    boolean isOf(String runId, int number) {
        return round.round() == number && isOf(runId);
    }
}
