package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ChoiceLinesTest {
    @Test
    void expectedPasses_byHand() {
        assertEquals(1, ChoiceLines.expectedPasses(1, 1, true));
        assertEquals(1, ChoiceLines.expectedPasses(1, 10, true), "every client in each round");
        assertEquals(10, ChoiceLines.expectedPasses(1, 10, false));
        assertEquals(0.75, ChoiceLines.expectedPasses(0.5, 2, true), "a quarter of the clients is in neither round");
        assertEquals(1, ChoiceLines.expectedPasses(0.5, 2, false));
    }
}
