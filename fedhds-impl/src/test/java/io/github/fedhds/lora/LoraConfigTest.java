package io.github.fedhds.lora;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LoraConfigTest {
    private final LoraConfig config = LoraConfig.defaults();

    @Test
    void defaults_areThePapers() {
        assertEquals(8, config.rank());
        assertEquals(16, config.alpha());
        assertEquals(0.05, config.dropout());
        assertEquals(List.of("all-linear"), config.targetModules());
        assertFalse(config.rsLora());
        assertEquals(2, config.scale());
    }

    @Test
    void scale_withRsLora_dividesByTheRoot() {
        assertEquals(8, config.withRank(4).withRsLora(true).scale());
        assertEquals(0.25, config.withRank(4).withAlpha(1).scale());
    }

    @Test
    void settings_outOfRange_areRefusedByName() {
        Class<IllegalArgumentException> kind = IllegalArgumentException.class;
        assertEquals(1, config.withRank(1).rank());
        assertFails(kind, () -> config.withRank(0), "rank must be 1 or more, was 0");
        for (double alpha : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertFails(kind, () -> config.withAlpha(alpha), "alpha must be finite and above 0, was " + alpha);
        }
        assertEquals(0, config.withDropout(0).dropout());
        for (double dropout : new double[] {-0.1, 1, Double.NaN}) {
            assertFails(kind, () -> config.withDropout(dropout), "dropout", String.valueOf(dropout));
        }
        assertFails(kind, () -> config.withTargetModules(List.of()), "targetModules must name at least one");
        assertFails(kind, () -> config.withTargetModules(List.of("q_proj", " ")), "targetModules");
        assertFails(kind, () -> config.withTargetModules(List.of("q_proj", "q_proj")), "each layer once");
    }

    @Test
    void targets_goesByTheLastNames() {
        LoraConfig queries = config.withTargetModules(List.of("q_proj"));
        assertTrue(queries.targets("model.layers.0.self_attn.q_proj"));
        assertTrue(queries.targets("q_proj"));
        assertFalse(queries.targets("model.layers.0.self_attn.xq_proj"));
        assertFalse(queries.targets("model.layers.0.q_proj.other"));
        assertTrue(config.targets("model.layers.0.self_attn.q_proj"));
        assertTrue(config.targets("transformer.h.0.attn.c_attn"));
    }
}
