package io.github.fedhds.state;

import io.github.fedhds.ServerState;
import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.adapter.Tensor;
import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Map;

/** A few saved runs, small and with values at the edges; their bytes are kept as golden files. */
final class StateExamples {
    /** A run and the name of its file. */
    record Example(String name, SavedRun run) {
        byte[] bytes() {
            return ServerStateCodec.encode(run);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private StateExamples() {}

    static Adapter adapter(float value) {
        return new Adapter(Map.of(
                "model.layers.0.self_attn.q_proj.lora_A",
                new Tensor(new int[] {2, 3}, new float[] {value, -0f, Float.MIN_VALUE, Float.MAX_VALUE, 0.1f, -1024}),
                "a/b",
                new Tensor(new int[0], new float[] {-2.5f}),
                "empty",
                new Tensor(new int[] {0, 7}, new float[0])));
    }

    static ServerState first() {
        return new ServerState("run-1", 0, 0, List.of(new ClientId("a")), Map.of(), adapter(1), Adapter.empty());
    }

    static ServerState late() {
        return new ServerState(
                "run \"2\" \u2028\ud83e\udd8a",
                Long.MIN_VALUE,
                Integer.MAX_VALUE,
                List.of(new ClientId("client \u00e4 \ud83e\udd8a"), new ClientId("b/c"), new ClientId("a \"b\"")),
                Map.of("learning rate", "3e-4", "", "", "a/\u00e9\n", "x\ny"),
                adapter(Float.MIN_NORMAL),
                adapter(-1));
    }

    static List<Example> all() {
        return List.of(
                new Example("first", SavedRun.of(first())),
                new Example("late", SavedRun.of(late())),
                new Example(
                        "beside",
                        new SavedRun(
                                late(),
                                Map.of(
                                        "past",
                                        "{\"round\":1}\n{\"round\":2}\n",
                                        "empty",
                                        "",
                                        "a/b",
                                        "\u0000\u2028\ud83d\ude00"),
                                Map.of("best", adapter(3), "none", Adapter.empty(), "a \r", adapter(4)))));
    }
}
