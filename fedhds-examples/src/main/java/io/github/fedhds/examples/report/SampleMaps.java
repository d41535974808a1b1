package io.github.fedhds.examples.report;

import io.github.fedhds.ClientListener;
import io.github.fedhds.coreset.Candidates;
import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.coreset.Group;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.feature.Points;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.EventLines;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.reduction.PcaFusion;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes the maps of a round as events: the centroids that the server has, and the samples of the round's largest client and
 * of the one with the highest loss. Points with more than two coordinates are placed by PCA. Nothing is computed for clients
 * whose selection needs no points. Later in a run there are maps only in some rounds, and in the last one.
 *
 * <p>Samples are placed exactly, so this is only for runs without protection of the clients' data; see {@link #ofServer}.
 * Safe for many threads.
 */
public final class SampleMaps implements RoundListener, ClientListener {
    private static final int MOST_POINTS = 400;

    /** Coordinates of all clients of a round that are held at most; clients beyond have no map. */
    private static final long MOST_NUMBERS = 1L << 22;

    private static final String PCA = "PCA to two coordinates";

    private final EventLines events;
    private final int rounds;
    private final boolean samples;
    private int lastMap;
    private boolean due;

    // of the open round
    private final Map<ClientId, Found> found = new LinkedHashMap<>();
    private final Map<ClientId, CentroidReport> reports = new LinkedHashMap<>();
    private final Map<ClientId, Double> losses = new LinkedHashMap<>();
    private Map<ClientId, GroupSelection> selections = Map.of();
    private long numbers;

    private SampleMaps(EventLines events, int rounds, boolean samples) {
        this.events = events;
        this.rounds = rounds;
        this.samples = samples;
    }

    /** Maps of the server and of clients; add the object as a listener of the federation and of its clients. */
    public static SampleMaps of(EventLines events, int rounds) {
        return new SampleMaps(events, rounds, true);
    }

    /** Maps of what clients have released to the server only. */
    public static SampleMaps ofServer(EventLines events, int rounds) {
        return new SampleMaps(events, rounds, false);
    }

    /**
     * A client's points.
     *
     * @param points coordinates of each point
     * @param group group of each point, -1 for none
     * @param labels task of each point
     * @param representatives points that stand for a group, by group
     */
    private record Found(
            List<double[]> points,
            int[] group,
            List<String> labels,
            List<int[]> representatives,
            int size,
            String placed) {}

    @Override
    public synchronized void opened(RoundOpening opening) {
        found.clear();
        reports.clear();
        losses.clear();
        selections = Map.of();
        numbers = 0;
        due = opening.round() == rounds || opening.round() - lastMap >= Math.max(1, opening.round() / 20);
    }

    @Override
    public void grouped(RoundContext round, Candidates candidates, Coreset coreset, List<Centroid> centroids) {
        if (!samples || !isDue() || round.client().isEmpty()) {
            return;
        }
        Found of = candidates
                .computedPoints()
                .map(points -> ofSamples(candidates, coreset, points))
                .orElseGet(() -> ofGroups(candidates, coreset, centroids));
        keep(round.client().get(), of);
    }

    private synchronized boolean isDue() {
        return due;
    }

    private synchronized void keep(ClientId client, Found of) {
        long more = of.points().isEmpty()
                ? 0
                : (long) of.points().size() * of.points().get(0).length;
        if (more > 0 && numbers + more <= MOST_NUMBERS) {
            numbers += more;
            found.put(client, of);
        }
    }

    private static Found ofSamples(Candidates candidates, Coreset coreset, Points points) {
        int[] group = new int[points.size()];
        Arrays.fill(group, -1);
        List<int[]> representatives = new ArrayList<>();
        for (Group one : coreset.groups()) {
            for (int member : one.members()) {
                group[member] = one.id();
            }
            representatives.add(one.representatives());
        }
        List<double[]> all = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            all.add(points.point(i));
            labels.add(candidates.instructions().get(i).task());
        }
        boolean single = coreset.groups().stream().allMatch(one -> one.members().length == 1);
        return new Found(
                all,
                single ? new int[0] : group,
                labels,
                representatives,
                candidates.size(),
                points.dimensions() == 2 ? "the two coordinates of the fusion" : PCA);
    }

    /** Without points, each group stands where its centroid is. */
    private static Found ofGroups(Candidates candidates, Coreset coreset, List<Centroid> centroids) {
        List<double[]> all = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        List<int[]> representatives = new ArrayList<>();
        for (int i = 0; i < centroids.size(); i++) {
            Group group = coreset.groups().get(i);
            all.add(centroids.get(i).point());
            labels.add(candidates.instructions().get(group.members()[0]).task());
            representatives.add(new int[] {i});
        }
        return new Found(all, new int[0], labels, representatives, centroids.size(), PCA + " of the groups' centroids");
    }

    @Override
    public synchronized void received(CentroidReport report, Receipt receipt) {
        if (due && receipt.counts() && !report.centroids().isEmpty()) {
            reports.put(report.client(), report);
        }
    }

    @Override
    public synchronized void selected(int round, Map<ClientId, GroupSelection> chosen) {
        selections = Map.copyOf(chosen);
    }

    @Override
    public synchronized void received(AdapterUpdate update, Receipt receipt) {
        if (receipt.counts() && Double.isFinite(update.meanLoss())) {
            losses.put(update.client(), update.meanLoss());
        }
    }

    @Override
    public synchronized void closed(RoundReport report) {
        if (!due) {
            return;
        }
        boolean written = server(report.round());
        for (ClientId client : shown()) {
            Found of = found.get(client);
            if (of != null) {
                Set<Integer> chosen = new TreeSet<>();
                GroupSelection selection = selections.get(client);
                if (selection != null && !of.representatives().isEmpty()) {
                    for (int group : selection.groups()) { // a released report may have more centroids than groups
                        for (int row : of.representatives()
                                .get(group % of.representatives().size())) {
                            chosen.add(row);
                        }
                    }
                }
                written |= write(report.round(), client, of, chosen);
            }
        }
        lastMap = written ? report.round() : lastMap;
        opened();
    }

    private void opened() {
        found.clear();
        reports.clear();
    }

    /** The largest client, and the one with the highest loss. */
    private Set<ClientId> shown() {
        Set<ClientId> shown = new LinkedHashSet<>();
        found.entrySet().stream()
                .max(Map.Entry.comparingByValue(Comparator.comparingInt(Found::size)))
                .ifPresent(largest -> shown.add(largest.getKey()));
        losses.entrySet().stream().max(Map.Entry.comparingByValue()).ifPresent(worst -> shown.add(worst.getKey()));
        return shown;
    }

    private boolean server(int round) {
        List<double[]> points = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        Set<Integer> chosen = new TreeSet<>();
        int owner = 0;
        for (CentroidReport report : reports.values()) {
            GroupSelection selection = selections.get(report.client());
            for (int i = 0; i < report.centroids().size(); i++) {
                if (selection != null && selection.groups().contains(i)) {
                    chosen.add(points.size());
                }
                points.add(report.centroids().get(i).point());
                owners.add(owner);
                labels.add(report.client().value());
            }
            owner++;
        }
        if (points.isEmpty()) {
            return false;
        }
        Found all = new Found(
                points,
                owners.stream().mapToInt(Integer::intValue).toArray(),
                labels,
                List.of(),
                points.size(),
                points.get(0).length == 2 ? "the two coordinates of the fusion" : PCA);
        return write(round, null, all, chosen);
    }

    private boolean write(int round, @Nullable ClientId client, Found of, Set<Integer> chosen) {
        Points plane = plane(of.points(), round);
        if (plane.size() == 0) {
            return false;
        }
        List<Integer> kept = thinned(of.points().size(), chosen);
        List<String> labels = of.labels().stream().distinct().toList();
        Map<String, Integer> places = new LinkedHashMap<>();
        labels.forEach(label -> places.put(label, places.size()));
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("round", round);
        fields.put("of", client == null ? "server" : "client");
        fields.put("client", client == null ? "" : client.value());
        fields.put("placed", of.placed());
        fields.put("total", of.points().size());
        fields.put("x", kept.stream().map(i -> rounded(plane.get(i, 0))).toList());
        fields.put("y", kept.stream().map(i -> rounded(plane.get(i, 1))).toList());
        fields.put(
                "group",
                of.group().length == 0
                        ? List.of()
                        : kept.stream().map(i -> of.group()[i]).toList());
        fields.put(
                "chosen",
                kept.stream().filter(chosen::contains).map(kept::indexOf).toList());
        fields.put("labels", labels);
        fields.put(
                "label", kept.stream().map(i -> places.get(of.labels().get(i))).toList());
        events.write("map", fields);
        return true;
    }

    private static double rounded(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value).round(new MathContext(4)).doubleValue()
                : 0;
    }

    /** All chosen points as far as there is room, and others at even distances. */
    private static List<Integer> thinned(int n, Set<Integer> chosen) {
        Set<Integer> kept = new TreeSet<>(chosen.stream().limit(MOST_POINTS).toList());
        int room = MOST_POINTS - kept.size();
        for (int i = 0; i < Math.min(n, room); i++) {
            kept.add((int) ((long) i * n / Math.min(n, room)));
        }
        return List.copyOf(kept);
    }

    /** The points on two axes; none if they are all in one place, as those of a selection without features. */
    private static Points plane(List<double[]> points, int round) {
        int dimensions = points.get(0).length;
        boolean equal = points.stream().allMatch(point -> Arrays.equals(point, points.get(0)));
        if (equal) {
            return new Points(0, 2, new double[0]);
        }
        if (dimensions == 2) {
            return Points.of(points);
        }
        float[] values = new float[points.size() * dimensions];
        for (int i = 0; i < points.size(); i++) {
            for (int axis = 0; axis < dimensions; axis++) {
                values[i * dimensions + axis] = (float) points.get(i)[axis];
            }
        }
        return new PcaFusion().fuse(new FeatureMatrix(points.size(), 1, dimensions, values), RoundContext.first());
    }
}
