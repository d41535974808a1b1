package io.github.fedhds.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String said() {
        String said = bytes.toString(StandardCharsets.UTF_8);
        bytes.reset();
        return said;
    }

    @Test
    void draw_noTerminal_writesNothing() {
        ProgressBar bar = ProgressBar.on(out); // another stream than the standard output
        assertFalse(bar.isDrawn());
        bar.draw("a", 0.5, "b");
        bar.erase();
        new EvaluationLines(bar).answered(9, 9);
        assertEquals("", said());
    }

    @Test
    void draw_narrowTerminal_staysInItsLine_andEraseClearsAll() {
        ProgressBar bar = new ProgressBar(out, 20);
        bar.draw("round 1 of 5", 2, " and more");
        assertEquals("\rround 1 of 5 [#####", said());
        bar.draw("round", Double.NaN, "");
        assertEquals("\rround [------------", said());
        ProgressBar wide = new ProgressBar(out, 80);
        wide.draw("round 10", 0.5, "");
        said();
        wide.draw("round 2", 1, "");
        assertEquals("\rround 2 [" + "#".repeat(24) + "] ", said(), "the end of the longer line is cleared");
        wide.erase();
        assertEquals("\r" + " ".repeat(34) + "\r", said());
        wide.erase();
        assertEquals("", said());
    }

    @Test
    void evaluation_onATerminal_isABarWithTimeLeft_thatGoesAway() {
        EvaluationLines lines = new EvaluationLines(new ProgressBar(out, 80));
        lines.answered(1, 8);
        assertEquals("", said(), "few answers need no bar");
        lines.answered(0, 10);
        String first = said();
        assertTrue(first.startsWith("\revaluation, 0 of 10 answers [---") && !first.contains("left"), first);
        lines.answered(5, 10);
        String half = said();
        assertTrue(half.startsWith("\revaluation, 5 of 10 answers [############---"), half);
        assertTrue(half.endsWith("s left"), half);
        lines.answered(10, 10);
        assertTrue(said().endsWith(" \r"));
    }

    @Test
    void text_ofSeconds_hasFewDigits() {
        assertEquals("0 s", ProgressBar.text(0));
        assertEquals("89 s", ProgressBar.text(89.4));
        assertEquals("2 min", ProgressBar.text(100));
        assertEquals("1.5 h", ProgressBar.text(5400));
    }
}
