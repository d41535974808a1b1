package io.github.fedhds.monitoring;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.message.MessageKind;
import io.github.fedhds.round.ClientId;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrafficTest {
    private static final ClientId A = new ClientId("a");
    private static final ClientId B = new ClientId("b");

    @Test
    void carried_isCountedPerClientRoundAndKind() {
        Traffic traffic = new Traffic();
        traffic.toClient(1, A, MessageKind.OPENING, 100);
        traffic.toServer(1, A, MessageKind.CENTROIDS, 20);
        traffic.toServer(1, B, MessageKind.CENTROIDS, 30);
        traffic.toServer(2, A, MessageKind.UPDATE, 4_000_000_000L);
        assertEquals(new Traffic.Count(3, 4_000_000_050L, 1, 100), traffic.total());
        assertEquals(4_000_000_150L, traffic.total().bytes());
        assertEquals(new Traffic.Count(2, 50, 1, 100), traffic.of(1));
        assertEquals(new Traffic.Count(2, 4_000_000_020L, 1, 100), traffic.of(A));
        assertEquals(new Traffic.Count(1, 20, 1, 100), traffic.of(1, A));
        assertEquals(new Traffic.Count(2, 50, 0, 0), traffic.of(MessageKind.CENTROIDS));
        assertEquals(Traffic.Count.NONE, traffic.of(3));
        assertEquals(Traffic.Count.NONE, traffic.of(2, B));
        assertEquals(Set.of(1, 2), traffic.byRound().keySet());
        assertEquals(Set.of(A, B), traffic.byClient().keySet());

        Traffic.Count before = traffic.total();
        traffic.forgetBefore(2);
        assertEquals(Traffic.Count.NONE, traffic.of(1, A));
        assertEquals(1, traffic.of(2, A).messagesUp());
        assertEquals(before, traffic.total());
        assertEquals(new Traffic.Count(2, 50, 1, 100), traffic.of(1));
    }

    @Test
    void carried_byManyThreads_losesNothing() {
        Traffic traffic = new Traffic();
        IntStream.range(0, 20_000)
                .parallel()
                .forEach(i -> traffic.toClient(1 + i % 5, i % 2 == 0 ? A : B, MessageKind.RECEIPT, i));
        assertEquals(new Traffic.Count(0, 0, 20_000, 199_990_000), traffic.total());
        assertEquals(traffic.total(), traffic.of(A).plus(traffic.of(B)));
        assertEquals(new Traffic.Count(0, 0, 4_000, 39_990_000), traffic.of(1));
    }

    @Test
    void carried_withWrongNumbers_isRefused() {
        Traffic traffic = new Traffic();
        assertFails(
                IllegalArgumentException.class, () -> traffic.toClient(0, A, MessageKind.RECEIPT, 1), "were 0 and 1");
        assertFails(IllegalArgumentException.class, () -> traffic.toClient(1, A, MessageKind.RECEIPT, -1), "1 and -1");
        assertEquals(Traffic.Count.NONE, traffic.total());
    }
}
