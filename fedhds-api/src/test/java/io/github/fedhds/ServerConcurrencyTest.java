package io.github.fedhds;

import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import java.util.List;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Test;

/**
 * Lincheck calls the server from many threads at once and asks of each result whether some order of the calls, one after
 * the other, gives it.
 */
@Param(name = "client", gen = IntGen.class, conf = "0:1")
@Param(name = "variant", gen = IntGen.class, conf = "0:1")
public class ServerConcurrencyTest {
    private static final List<ClientId> ROSTER = List.of(new ClientId("b"), new ClientId("a"));

    private final FedHdsServer server = FedHdsServer.builder()
            .roster(ROSTER)
            .sampler(ClientSampler.uniform(1))
            .selector(new Roles.FirstCoordinate())
            .aggregator(new Roles.Largest())
            .initialAdapter(Roles.adapter(0, 1))
            .build();

    @Operation
    public String open() {
        return server.open().clients() + " in round";
    }

    @Operation(params = {"client", "variant"})
    public String report(int client, int variant) {
        Centroid centroid = new Centroid(0, new double[] {variant, client});
        return server.accept(new CentroidReport("run", 1, ROSTER.get(client), List.of(centroid)))
                .toString();
    }

    @Operation
    public String select() {
        return server.select().toString();
    }

    @Operation(params = {"client", "variant"})
    public String update(int client, int variant) {
        return server.accept(new AdapterUpdate("run", 1, ROSTER.get(client), Roles.adapter(1 + variant, client), 1, 0))
                .toString();
    }

    @Operation
    public String aggregate() {
        return server.aggregate().adapter().tensors().toString();
    }

    @Operation
    public void abandon() {
        server.abandon();
    }

    @Operation
    public String state() {
        return server.state().round() + " " + server.state().globalAdapter().hashCode();
    }

    @Test
    void calls_fromThreadsAtRandom_areLinearizable() {
        new StressOptions()
                .iterations(30)
                .threads(3)
                .actorsBefore(3)
                .actorsPerThread(4)
                .actorsAfter(3)
                .invocationsPerIteration(1000)
                .check(ServerConcurrencyTest.class);
    }

    @Test
    void calls_inManyInterleavings_areLinearizable() {
        new ModelCheckingOptions()
                .iterations(30)
                .threads(2)
                .actorsBefore(3)
                .actorsPerThread(3)
                .actorsAfter(3)
                .invocationsPerIteration(1000)
                .check(ServerConcurrencyTest.class);
    }
}
