package io.github.fedhds.examples.report;

import com.google.gson.annotations.SerializedName;
import java.util.List;

/**
 * A map of a round, as its event has it.
 *
 * @param round the round
 * @param of {@code server}: the clients' centroids, or {@code client}: the samples of one
 * @param client the client; empty for the server
 * @param placed how the points got their two coordinates
 * @param total number of points before they were thinned
 * @param x coordinates, rounded
 * @param y coordinates, rounded
 * @param group group of each point, on the server its client; -1 for none; empty if each point is a group of its own
 * @param chosen places of the chosen points
 * @param labels different labels
 * @param label place of each point's label in the labels
 */
record MapEvent(
        int round,
        String of,
        String client,
        String placed,
        int total,
        double[] x,
        double[] y,
        @SerializedName("group") int[] groups,
        int[] chosen,
        List<String> labels,
        int[] label) {
    /** The group of a point; 0 where each is a group of its own. */
    int groupOf(int point) {
        return groups.length == 0 ? 0 : groups[point];
    }

    boolean hasGroups() {
        return groups.length > 0 && of.equals("client");
    }

    String labelOf(int point) {
        return labels.get(label[point]);
    }
}
