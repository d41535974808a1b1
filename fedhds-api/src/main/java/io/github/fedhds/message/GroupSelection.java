package io.github.fedhds.message;

import io.github.fedhds.ClientId;
import java.util.List;

/**
 * Server to client: which of its groups were chosen.
 *
 * @param runId name of the run
 * @param round number, from 1
 * @param client the receiver
 * @param groups ids of its chosen groups, ascending; none when none was chosen
 */
public record GroupSelection(String runId, int round, ClientId client, List<Integer> groups) implements Message {
    public GroupSelection {
        groups = groups.stream().sorted().distinct().toList();
    }
}
