package io.github.fedhds.selection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ClientSampler;
import io.github.fedhds.FedHdsServer;
import io.github.fedhds.FedHdsServerBuilder;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregators.FedAvg;
import io.github.fedhds.coreset.CoresetSelector;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.round.ClientId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Nine honest clients with ten centroids each around zero, and one with forty far out on a circle. */
class FarCentroidsTest {
    private static final int HONEST = 9;
    private static final ClientId LIAR = new ClientId("liar");

    /** Groups chosen of the liar, and of all. */
    private static int[] chosen(CoresetSelector selector, UnaryOperator<FedHdsServerBuilder> settings) {
        List<ClientId> registered = new ArrayList<>();
        IntStream.range(0, HONEST).forEach(i -> registered.add(new ClientId("honest " + i)));
        registered.add(LIAR);
        FedHdsServer server = settings.apply(FedHdsServer.builder()
                        .runId("run")
                        .clients(registered)
                        .sampler(ClientSampler.uniform(1))
                        .selector(selector)
                        .aggregator(FedAvg.equally())
                        .initialAdapter(Adapter.empty()))
                .build();
        server.open();
        Random random = new Random(5);
        for (ClientId client : registered) {
            List<Centroid> centroids = new ArrayList<>();
            int count = client.equals(LIAR) ? 40 : 10;
            for (int i = 0; i < count; i++) {
                double angle = 2 * Math.PI * i / count;
                double[] far = {1e6 * Math.cos(angle), 1e6 * Math.sin(angle)};
                double[] near = {random.nextGaussian(), random.nextGaussian()};
                centroids.add(new Centroid(i, client.equals(LIAR) ? far : near));
            }
            server.accept(new CentroidReport("run", 1, client, centroids));
        }
        Map<ClientId, GroupSelection> selections = server.select();
        GroupSelection liars = selections.get(LIAR);
        return new int[] {
            liars == null ? 0 : liars.groups().size(),
            selections.values().stream().mapToInt(s -> s.groups().size()).sum()
        };
    }

    @Test
    void select_oneClientFarOut_takesNoMoreThanTheServerAllows() {
        CoresetSelector cover = KCenterSelector.count(30);
        int[] open = chosen(cover, server -> server);
        int[] bounded = chosen(cover, server -> server.maxGroups(5));
        int[] near = chosen(cover, server -> server.maxCoordinate(100));
        int[] paper = chosen(HdbscanSelector.forServer(), server -> server);
        System.out.printf(
                "one client far out has %d of %d groups, with maxGroups(5) %d of %d, with maxCoordinate(100) %d of %d;"
                        + " by HDBSCAN %d of %d%n",
                open[0], open[1], bounded[0], bounded[1], near[0], near[1], paper[0], paper[1]);
        assertTrue(open[0] > 25 && open[1] == 30, "it takes nearly all");
        assertEquals(5, bounded[0]);
        assertEquals(0, near[0]);
        assertEquals(30, near[1]);
        assertTrue(paper[0] <= paper[1] / 2, "HDBSCAN does not seek the rare");
    }
}
