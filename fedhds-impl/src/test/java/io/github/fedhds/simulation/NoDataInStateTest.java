package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.feature.FeatureExtractor;
import io.github.fedhds.feature.FeatureMatrix;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.setup.FedHds;
import io.github.fedhds.state.SavedRun;
import io.github.fedhds.state.ServerStateCodec;
import io.github.fedhds.state.ServerStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is saved holds no instruction and no feature. */
class NoDataInStateTest extends OnTinyModel {
    @TempDir
    private Path checkpoint = Path.of("");

    private final List<FeatureMatrix> features = Collections.synchronizedList(new ArrayList<>());

    /** Texts that nothing else holds. */
    private static Map<ClientId, List<Instruction>> clients() {
        Map<ClientId, List<Instruction>> clients = new LinkedHashMap<>();
        for (int client = 0; client < 2; client++) {
            List<Instruction> list = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String number = client + "-" + i;
                list.add(new Instruction("What is quux " + number, "zebra " + number, "fnord " + number));
            }
            clients.put(TinyFederation.id(client), list);
        }
        return clients;
    }

    @Test
    void checkpointOfARun_holdsNoInstructionAndNoFeature() throws IOException {
        FedHds fedHds = fedHds();
        FeatureExtractor recording = (list, round) -> {
            FeatureMatrix matrix = fedHds.extractor().extract(list, round);
            features.add(matrix);
            return matrix;
        };
        Federation federation = Federation.builder(fedHds)
                .clients(clients())
                .activeShare(1)
                .rounds(2)
                .seed(3)
                .clientSettings(client -> client.featureExtractor(recording)
                        .fusion(TinyFederation::firstTwo)
                        .selector(TinyFederation::each))
                .serverSettings(server -> server.selector(new EverySelector()))
                .evaluation(1, adapter -> 1)
                .checkpoint(checkpoint, Map.of())
                .build();
        assertTrue(federation.run().stream().allMatch(report -> report.result().samples() == 8));
        assertEquals(4, features.size());

        ServerState state = ServerStore.open(checkpoint).load().orElseThrow();
        List<byte[]> saved = new ArrayList<>(List.of(ServerStateCodec.encode(state)));
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path file : files.toList()) {
                saved.add(Files.readAllBytes(file));
            }
        }
        assertEquals(4, saved.size(), "the state, checkpoint, checkpoint.1 and the lock");
        for (byte[] bytes : saved) {
            assertFalse(holdsAText(bytes), "an instruction was saved");
            assertFalse(holdsAFeature(bytes), "a feature was saved");
        }
        assertLeaksAreSeen(state);
    }

    /** The search finds what is there. */
    private void assertLeaksAreSeen(ServerState state) {
        assertTrue(holdsAText(ServerStateCodec.encode(new SavedRun(state, Map.of("leak", "a fnord 1-2 b"), Map.of()))));
        float[] row = features.get(3).row(2);
        Adapter leak = new Adapter(Map.of("leak", new Tensor(new int[] {3}, new float[] {0, row[4], row[5]})));
        assertTrue(holdsAFeature(ServerStateCodec.encode(new SavedRun(state, Map.of(), Map.of("leak", leak)))));
    }

    private static boolean holdsAText(byte[] bytes) {
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        for (List<Instruction> list : clients().values()) {
            for (Instruction sample : list) {
                for (String text : List.of(sample.instruction(), sample.input(), sample.output())) {
                    for (Charset charset :
                            List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
                        if (all.contains(new String(text.getBytes(charset), StandardCharsets.ISO_8859_1))) {
                            return true;
                        }
                    }
                }
            }
        }
        return false;
    }

    /** Two features in a row as float, or one as double, little-endian or big-endian. */
    private boolean holdsAFeature(byte[] bytes) {
        Set<Long> windows = new HashSet<>();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + 8 <= bytes.length; at++) {
            windows.add(buffer.getLong(at));
        }
        for (FeatureMatrix matrix : features) {
            for (int i = 0; i < matrix.rows(); i++) {
                float[] row = matrix.row(i);
                for (int k = 0; k + 1 < row.length; k++) {
                    long pair = Integer.toUnsignedLong(Float.floatToRawIntBits(row[k]))
                            | (long) Float.floatToRawIntBits(row[k + 1]) << 32;
                    long swapped = Integer.toUnsignedLong(Integer.reverseBytes((int) pair))
                            | (long) Integer.reverseBytes((int) (pair >>> 32)) << 32;
                    long number = Double.doubleToRawLongBits(row[k]);
                    if (windows.contains(pair)
                            || windows.contains(swapped)
                            || windows.contains(number)
                            || windows.contains(Long.reverseBytes(number))) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
