package io.github.fedhds.message;

import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Server to client: the groups of this client that were chosen.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the receiver
 * @param groups ids of the chosen groups, ascending; empty if none was chosen
 * @param reportDigest {@link CentroidReport#digest} of the report whose groups these are
 */
public record GroupSelection(String runId, int round, ClientId client, List<Integer> groups, String reportDigest)
        implements Message {
    public GroupSelection {
        Objects.requireNonNull(runId, "runId");
        Objects.requireNonNull(client, "client");
        Objects.requireNonNull(groups, "groups");
        Objects.requireNonNull(reportDigest, "reportDigest");
        groups = groups.stream().sorted().distinct().toList();
    }

    /** A selection of groups of this report. */
    public static GroupSelection of(CentroidReport report, List<Integer> groups) {
        return new GroupSelection(report.runId(), report.round(), report.client(), groups, report.digest());
    }

    @Override
    public Optional<ClientId> party() {
        return Optional.of(client);
    }

    @Override
    public MessageKind kind() {
        return MessageKind.SELECTION;
    }

    /** SHA-256 over all fields, in hexadecimal. The adapter update carries it, so that the server knows which selection was
     * trained. */
    public String digest() {
        MessageDigests digest = new MessageDigests()
                .text(runId)
                .number(round)
                .text(client.value())
                .text(reportDigest)
                .number(groups.size());
        groups.forEach(digest::number);
        return digest.hexadecimal();
    }
}
