package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** A few messages of each kind, small and with values at the edges; their bytes are kept as golden files. */
final class MessageExamples {
    static final ClientId CLIENT = new ClientId("client \u00e4 \ud83e\udd8a");

    /** A message, how it is written, and the name of its file. */
    record Example(String name, Message message, MessageCodec codec) {
        byte[] bytes() {
            return codec.encode(message).toByteArray();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Of a report. */
    static final String DIGEST = "0123456789abcdef".repeat(4);

    private MessageExamples() {}

    static Adapter adapter() {
        return new Adapter(Map.of(
                "model.layers.0.self_attn.q_proj.lora_A",
                new Tensor(new int[] {2, 3}, new float[] {1, -0.0f, 3.5f, Float.MIN_VALUE, 0.1f, -1024}),
                "model.layers.0.self_attn.q_proj.lora_B",
                new Tensor(new int[] {2, 2}, new float[] {0, 1e-5f, -6e-8f, 0.25f}),
                "empty",
                new Tensor(new int[] {0, 7}, new float[0]),
                "single",
                new Tensor(new int[0], new float[] {-2.5f})));
    }

    /** Values that no lower precision could hold. */
    static Adapter extremes() {
        return new Adapter(Map.of("w", new Tensor(new int[] {5}, new float[] {
            Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, -0.0f, Float.MIN_NORMAL
        })));
    }

    static AdapterUpdate update() {
        return new AdapterUpdate(
                "run",
                7,
                CLIENT,
                adapter(),
                12,
                1.2345678901234567,
                new TrainingCounts(1, Integer.MAX_VALUE, 0),
                DIGEST);
    }

    static List<Example> all() {
        MessageCodec exact = MessageCodec.defaults();
        List<Example> all = new ArrayList<>();
        RoundOpening opening = new RoundOpening(
                "run \"1\"\n\u2028",
                3,
                List.of(CLIENT, new ClientId("b"), new ClientId("a b")),
                Long.MIN_VALUE,
                adapter(),
                Map.of("learning rate", "3e-4", "\u00fc\"\\", "line\nend\u0000\ud83e\udd8a", "empty", ""),
                Map.of("lora alpha", "16", "template", "\u20ac"),
                Optional.of(new Frame.Axes(new float[] {0.5f, -0.0f}, new float[] {1, 2, 3, 4, 5, Float.MIN_VALUE})));
        all.add(new Example("opening-axes", opening, exact));
        all.add(new Example(
                "opening-signs",
                new RoundOpening(
                        "run",
                        1,
                        List.of(new ClientId("a")),
                        -1,
                        Adapter.empty(),
                        Map.of(),
                        Optional.of(new Frame.Signs(16, 42))),
                exact));
        all.add(new Example(
                "opening-plain",
                new RoundOpening("run", Integer.MAX_VALUE, List.of(), Long.MAX_VALUE, Adapter.empty(), Map.of()),
                exact));
        all.add(new Example(
                "centroids",
                new CentroidReport(
                        "run",
                        7,
                        CLIENT,
                        List.of(
                                new Centroid(0, new double[] {-0.0, Double.MIN_VALUE}),
                                new Centroid(1, new double[] {Double.MAX_VALUE, -1.0 / 3}),
                                new Centroid(Integer.MAX_VALUE, new double[] {Math.PI, -Double.MIN_NORMAL})),
                        40,
                        DIGEST),
                exact));
        Map<ClientId, byte[]> parts = Map.of(
                CLIENT,
                new byte[] {0, -1, Byte.MIN_VALUE, Byte.MAX_VALUE},
                new ClientId("b"),
                new byte[0],
                new ClientId("a"),
                new byte[] {7});
        all.add(new Example("sum-shares", new SumPart("run", 7, CLIENT, MessageKind.SHARES, parts), exact));
        for (MessageKind kind : List.of(
                MessageKind.KEYS,
                MessageKind.KEY_LIST,
                MessageKind.SHARE_LIST,
                MessageKind.MASKED_UPDATE,
                MessageKind.REVEALED_SHARES)) {
            String name = "sum-" + MessageForms.name(kind);
            all.add(new Example(
                    name, new SumPart("run", 7, CLIENT, kind, Map.of(CLIENT, new byte[] {1, 2, 3})), exact));
        }
        all.add(new Example("sum-survivors", new SumPart("run", 7, CLIENT, MessageKind.SURVIVORS, Map.of()), exact));
        all.add(new Example("centroids-none", new CentroidReport("run", 7, CLIENT, List.of()), exact));
        all.add(new Example(
                "selection", new GroupSelection("run", 7, CLIENT, List.of(0, 5, Integer.MAX_VALUE), DIGEST), exact));
        all.add(new Example("selection-none", new GroupSelection("run", 7, CLIENT, List.of(), DIGEST), exact));
        all.add(new Example("update", update(), exact));
        all.add(new Example(
                "update-no-loss",
                new AdapterUpdate("run", 7, CLIENT, extremes(), Integer.MAX_VALUE, Double.NaN),
                exact));
        all.add(new Example("update-float16", update(), codec(AdapterPrecision.FLOAT16)));
        all.add(new Example("update-int8", update(), codec(AdapterPrecision.INT8)));
        all.add(new Example("receipt", Receipt.accepted(update()), exact));
        all.add(new Example("receipt-again", Receipt.alreadyHad(update()), exact));
        all.add(new Example(
                "receipt-refused",
                Receipt.refused(update(), Refusal.LATE, "round 7 takes no \"reports\" \u2026"),
                exact));
        all.add(new Example(
                "receipt-later-refusal",
                Receipt.refused(opening, new Refusal("of-a-later-version-2"), "why")
                        .withParty(CLIENT),
                exact));
        all.add(new Example("receipt-unreadable", Receipt.unreadable(Optional.empty(), "digest"), exact));
        all.add(new Example(
                "withdrawal",
                new Withdrawal(
                        "run",
                        7,
                        CLIENT,
                        Refusal.NOTHING_TRAINED,
                        "none of the 4 chosen samples \u2026",
                        new TrainingCounts(0, 4, 2)),
                exact));
        return all;
    }

    static MessageCodec codec(AdapterPrecision updates) {
        return MessageCodec.builder().updates(updates).build();
    }

    /** Makes the digest right for what the bytes hold now, so that what they hold is looked at; in place. */
    static byte[] sealed(byte[] bytes) {
        MessageDigest digest = SealedSafetensors.digest();
        try {
            SealedSafetensors.begin(ByteBuffer.wrap(bytes), digest);
        } catch (InvalidMessageException e) {
            return bytes; // there is no place for a digest
        }
        SealedSafetensors.close(bytes, digest);
        return bytes;
    }

    static List<Centroid> centroids(int n, int dimensions) {
        SplittableRandom random = new SplittableRandom(1);
        List<Centroid> centroids = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double[] point = new double[dimensions];
            Arrays.setAll(point, j -> Double.longBitsToDouble(random.nextLong() & ~(1L << 62)));
            centroids.add(new Centroid(i, point));
        }
        return centroids;
    }

    static Adapter random(long seed, int... lengths) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int length : lengths) {
            tensors.put("t" + tensors.size(), Tensor.of(new int[] {length}, i -> (float) random.nextGaussian(0, 0.02)));
        }
        return new Adapter(tensors);
    }
}
