package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.round.ClientId;
import java.util.List;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * Lincheck calls the server from two threads, switches between them at places of its choice, and asks of all results
 * whether some order of the calls, one after the other, gives them. Without {@code synchronized} on either accept it finds
 * the fault.
 */
class ServerConcurrencyTest {
    private static final List<ClientId> REGISTERED = List.of(new ClientId("b"), new ClientId("a"));

    private static FedHdsServer opened() {
        FedHdsServer server = FedHdsServer.builder()
                .runId("run")
                .clients(REGISTERED)
                .sampler(ClientSampler.uniform(1))
                .selector(new Roles.FirstCoordinate())
                .aggregator(new Roles.Largest())
                .initialAdapter(Roles.adapter(0, 1))
                .build();
        server.open();
        return server;
    }

    private static String report(FedHdsServer server, int client, int variant) {
        Centroid centroid = new Centroid(0, new double[] {client, variant});
        return server.accept(new CentroidReport("run", 1, REGISTERED.get(client), List.of(centroid)))
                .status()
                .name();
    }

    /** A round that takes reports. */
    @Param(name = "client", gen = IntGen.class, conf = "0:1")
    @Param(name = "variant", gen = IntGen.class, conf = "0:1")
    public static class Reports {
        private final FedHdsServer server = opened();

        @Operation(params = {"client", "variant"})
        public String report(int client, int variant) {
            return ServerConcurrencyTest.report(server, client, variant);
        }

        @Operation
        public int select() {
            return server.select().size();
        }

        @Operation
        public void abandon() {
            server.abandon();
        }

        @Operation
        public int open() {
            return server.open().round();
        }
    }

    /** A round that takes updates. */
    @Param(name = "client", gen = IntGen.class, conf = "0:1")
    @Param(name = "variant", gen = IntGen.class, conf = "1:2")
    public static class Updates {
        private final FedHdsServer server = opened();

        public Updates() {
            report(server, 0, 0);
            report(server, 1, 0);
            server.select();
        }

        @Operation(params = {"client", "variant"})
        public String update(int client, int variant) {
            float[] values = {client == 0 ? variant : 0, client == 0 ? 0 : variant};
            return server.accept(new AdapterUpdate("run", 1, REGISTERED.get(client), Roles.adapter(values), 1, 0))
                    .status()
                    .name();
        }

        @Operation
        public String aggregate() {
            float[] values = Roles.values(server.aggregate().adapter());
            return values[0] + " " + values[1];
        }

        @Operation
        public float adapter() {
            return Roles.values(server.globalAdapter())[0];
        }

        @Operation
        public int state() {
            return server.state().round();
        }
    }

    private static ModelCheckingOptions interleavings() {
        ModelCheckingOptions options = new ModelCheckingOptions();
        options.addGuarantee(
                ManagedStrategyGuaranteeKt.forClasses(Adapter.class.getName()) // immutable; hashes at length
                        .allMethods()
                        .ignore());
        return options.iterations(3)
                .threads(2)
                .actorsBefore(0)
                .actorsPerThread(3)
                .actorsAfter(2)
                .invocationsPerIteration(50);
    }

    @Test
    void reports_inManyInterleavings_areLinearizable() {
        interleavings().check(Reports.class);
    }

    @Test
    void updates_inManyInterleavings_areLinearizable() {
        interleavings().check(Updates.class);
    }
}
