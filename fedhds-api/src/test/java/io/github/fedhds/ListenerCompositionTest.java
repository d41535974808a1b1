package io.github.fedhds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.coreset.Coreset;
import io.github.fedhds.feature.Points;
import io.github.fedhds.fusion.Fusion;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Several listeners of one server or client. */
class ListenerCompositionTest {
    private static final ClientId A = new ClientId("a");

    private final List<String> told = new ArrayList<>();

    private ServerListener ofServer(String name) {
        return new ServerListener() {
            @Override
            public void opened(RoundOpening opening) {
                told.add(name);
                throw new IllegalStateException(name);
            }
        };
    }

    private ClientListener ofClient(String name) {
        return new ClientListener() {
            @Override
            public void received(Receipt receipt) {
                told.add(name);
                throw new IllegalStateException(name);
            }
        };
    }

    @Test
    void server_listenersThatThrow_doNotKeepTheEventFromTheOthers() {
        FedHdsServer.builder()
                .clients(List.of(A))
                .selector((candidates, round) -> Coreset.empty())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0))
                .listener(ofServer("first"))
                .listener(ofServer("second"))
                .build()
                .open();
        assertEquals(List.of("first", "second"), told);
    }

    @Test
    void client_listenersThatThrow_doNotKeepTheEventFromTheOthers() {
        FedHdsClient client = FedHdsClient.builder(A)
                .featureExtractor(new Roles.Lengths())
                .fusion(Fusion.of(1, (features, round) -> new Points(0, 1, new double[0])))
                .selector(new Roles.FirstCoordinate())
                .trainer(new Roles.AddCount())
                .listener(ofClient("first"))
                .listener(ofClient("second"))
                .build();
        assertEquals(Optional.empty(), client.answer(Receipt.unreadable(Optional.empty(), "none")));
        assertEquals(List.of("first", "second"), told);
    }

    /** Errors of assertions, and checked exceptions that other languages throw without a declaration. */
    @Test
    void server_listenersThatThrowAnything_changeNothing() {
        for (Throwable thrown : List.of(new AssertionError("wrong"), new IOException("full"))) {
            FedHdsServer server = FedHdsServer.builder()
                    .clients(List.of(A))
                    .selector((candidates, round) -> Coreset.empty())
                    .aggregator(new Roles.Mean())
                    .initialAdapter(Roles.adapter(0))
                    .listener(new ServerListener() {
                        @Override
                        public void opened(RoundOpening opening) {
                            ListenerCompositionTest.<RuntimeException>sneak(thrown);
                        }
                    })
                    .build();
            assertEquals(1, server.open().round());
        }
    }

    @Test
    void server_listenerOutOfMemory_isThrownOn() {
        FedHdsServerBuilder builder = FedHdsServer.builder()
                .clients(List.of(A))
                .selector((candidates, round) -> Coreset.empty())
                .aggregator(new Roles.Mean())
                .initialAdapter(Roles.adapter(0))
                .listener(new ServerListener() {
                    @Override
                    public void opened(RoundOpening opening) {
                        throw new OutOfMemoryError("heap");
                    }
                });
        assertThrows(OutOfMemoryError.class, builder.build()::open);
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
