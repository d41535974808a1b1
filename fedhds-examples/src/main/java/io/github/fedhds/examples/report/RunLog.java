package io.github.fedhds.examples.report;

import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.monitoring.EventFile;
import io.github.fedhds.monitoring.EventLines;
import io.github.fedhds.monitoring.RoundListener;
import io.github.fedhds.monitoring.RoundReport;
import io.github.fedhds.simulation.Federation;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The events of one run of the main job: written to {@code events.jsonl} in its folder, from which its {@code report.html}
 * is made, and to a stream of lines; to one of them, both, or none. For one thread at a time.
 */
public final class RunLog {
    private final EventLines events;
    private final Optional<EventFile> file;
    private final Optional<RunReport> report;
    private final SampleMaps maps;
    private final boolean protectedData;
    private boolean begun;

    /**
     * Names what the run is.
     *
     * @param run name of the run
     * @param rounds number of rounds
     * @param folder the run's folder, if it has one
     * @param json receives each event as a line, if there is one
     * @param protectedData whether the run protects the clients' data, so that there are no maps of their samples
     */
    public RunLog(String run, int rounds, Optional<Path> folder, Optional<PrintStream> json, boolean protectedData) {
        this.protectedData = protectedData;
        file = folder.map(path -> new EventFile(path.resolve("events.jsonl"), run));
        report = folder.map(path -> new RunReport(path, true));
        events = new EventLines(run, line -> {
            file.ifPresent(lines -> lines.accept(line));
            json.ifPresent(out -> {
                out.println(line);
                out.flush();
            });
        });
        maps = protectedData ? SampleMaps.ofServer(events, rounds) : SampleMaps.of(events, rounds);
    }

    /**
     * The run begins or goes on; to be called before it does.
     *
     * @param settings those of {@code config.json}
     * @param libraryVersion version of FedHDS
     */
    public void start(Map<String, ?> settings, String libraryVersion) {
        Map<String, Object> versions = new LinkedHashMap<>();
        versions.put("FedHDS version", libraryVersion);
        versions.put("Java", Runtime.version().toString());
        versions.put(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("settings", settings);
        fields.put("versions", versions);
        if (protectedData) {
            fields.put(
                    "maps",
                    "This run protects the clients' data (--epsilon or --secure-aggregation), so there are no maps of their"
                            + " samples, which would show them exactly. The map of the server shows what clients have sent.");
        }
        events.write("start", fields);
    }

    /** Adds the listeners of the events and of the report. */
    public Federation.Builder listened(Federation.Builder federation) {
        file.ifPresent(federation::listener);
        federation.listener(events).listener(maps).listener(new RoundListener() {
            @Override
            public void resumed(List<RoundReport> past, Optional<String> damage) {
                begun = true;
            }

            @Override
            public void opened(RoundOpening opening) {
                begun = true;
            }
        });
        if (!protectedData) {
            federation.clientListener(maps);
        }
        report.ifPresent(federation::listener);
        return federation;
    }

    /**
     * An adapter was evaluated outside of its round.
     *
     * @param round its round; 0 for the base model
     */
    public void evaluated(int round, double score) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("round", round);
        fields.put("score", score);
        events.write("evaluated", fields);
    }

    /** The run is over. */
    public void done(boolean trained) {
        end(Map.of("status", trained ? "done" : "nothing_trained"));
    }

    /** The run has ended by an exception. */
    public void failed(Throwable failure) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("status", "failed");
        fields.put("reason", String.valueOf(failure.getMessage()));
        end(fields);
    }

    private void end(Map<String, ?> fields) {
        events.write("end", fields);
        if (begun) { // a run that was refused changes no file
            report.ifPresent(RunReport::write);
        }
    }
}
