package io.github.fedhds.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.fedhds.ServerState;
import io.github.fedhds.feature.Points;
import org.junit.jupiter.api.Test;

/** The points that a server remembers are part of its saved state. */
class ChosenPointsTest {
    private static ServerState with(Points chosen) {
        ServerState late = StateExamples.late();
        return new ServerState(
                late.runId(),
                late.seed(),
                late.round(),
                late.clients(),
                late.agreedSettings(),
                late.globalAdapter(),
                late.aggregatorState(),
                chosen);
    }

    @Test
    void encode_points_areReadWithTheSameBits() {
        Points chosen = new Points(2, 3, new double[] {1, -0.0, Math.PI, Double.MIN_VALUE, -1e300, 0.1});
        byte[] bytes = ServerStateCodec.encode(with(chosen));
        ServerState read = ServerStateCodec.decode(bytes);
        assertEquals(with(chosen), read);
        assertArrayEquals(bytes, ServerStateCodec.encode(read));
    }

    @Test
    void encode_noPoint_isTheFormWithoutAMemory() {
        assertArrayEquals(
                ServerStateCodec.encode(StateExamples.late()),
                ServerStateCodec.encode(with(new Points(0, 1, new double[0]))));
    }
}
