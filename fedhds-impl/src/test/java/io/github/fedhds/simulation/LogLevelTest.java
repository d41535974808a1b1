package io.github.fedhds.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.selection.EverySelector;
import io.github.fedhds.training.TrainingResult;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an operator reads: nothing at WARNING while all goes well. */
class LogLevelTest extends OnTinyModel {
    private final List<LogRecord> logged = new ArrayList<>();
    private final Logger logger = Logger.getLogger("io.github.fedhds");
    private @Nullable Level level;
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            logged.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        level = logger.getLevel();
        logger.setLevel(Level.WARNING); // the build's tests silence it
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    @AfterEach
    void leave() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
        logger.setLevel(level);
    }

    private static Federation.Builder federation() {
        return Federation.builder(fedHds())
                .clients(TinyFederation.clients(3, 4, 5))
                .activeShare(1)
                .rounds(2)
                .clientSettings(client -> client.selector(new EverySelector()))
                .serverSettings(server -> server.selector(new EverySelector()));
    }

    /** The lines of slf4j go to System.err here. */
    private static String slf4jOf(Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void run_inWhichAllGoesWell_isSilentAtWarning() {
        String lines = slf4jOf(() -> federation()
                .checkpoint(folder.resolve("quiet"), Map.of())
                .build()
                .run());
        assertEquals(List.of(), logged);
        assertFalse(lines.contains("WARN"), lines);
    }

    @Test
    void run_thatTrainsNothing_warnsOnceWithTheCause() {
        String lines = slf4jOf(() -> federation()
                .clientSettings(client -> TinyFederation.light(client)
                        .selector(new EverySelector())
                        .trainer((list, round) -> new TrainingResult(round.globalAdapter(), 0, new double[0])))
                .build()
                .run());
        assertEquals(1, lines.split("WARN", -1).length - 1, lines);
        assertTrue(lines.contains("6 nothing-trained"), lines);
        assertEquals(12, logged.size(), "each withdrawal: of the client and of the server");
    }
}
