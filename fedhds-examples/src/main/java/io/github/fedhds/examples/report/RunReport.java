package io.github.fedhds.examples.report;

import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes {@code report.html} from the events of a run, in one step, so that a reader never sees half of it: after a round,
 * as often as that takes less than a twentieth of the time, and when {@link #write} is called at the end. If it cannot be
 * written, a warning is logged, and the run goes on.
 */
public final class RunReport implements RoundListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(RunReport.class);
    private static final long SHARE = 20;

    private final Path events;
    private final Path page;
    private final boolean commandLine;
    private long next = System.nanoTime();

    /**
     * A report of a run's folder. Add it after the listeners that write the events.
     *
     * @param folder has {@code events.jsonl}, and receives {@code report.html}
     */
    public RunReport(Path folder) {
        this(folder, false);
    }

    /** The same; for a run of the command line, its findings name options in place of settings in Java. */
    RunReport(Path folder, boolean commandLine) {
        this.commandLine = commandLine;
        events = folder.resolve("events.jsonl");
        page = folder.resolve("report.html");
    }

    @Override
    public void closed(RoundReport report) {
        long start = System.nanoTime();
        if (start - next >= 0) {
            write();
            long now = System.nanoTime();
            next = now + SHARE * (now - start);
        }
    }

    /** Writes the page from the events so far. */
    public void write() {
        try {
            PageFile.write(page, ReportPage.of(RunData.read(events), commandLine));
        } catch (IOException e) {
            LOGGER.warn("the report {} cannot be made: {}", page, e.toString());
        }
    }
}
