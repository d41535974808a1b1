package io.github.fedhds.dataset;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What was read of one or several files, for the log line. */
final class ReadingCounts {
    private final TreeSet<String> forms = new TreeSet<>();
    private final TreeMap<String, Long> skipped = new TreeMap<>();
    private long instructions;
    private long severalTurns;
    private long openedByAssistant;

    void form(String name) {
        forms.add(name);
    }

    void instruction() {
        instructions++;
    }

    void instructions(long count) {
        instructions += count;
    }

    /** Counts what is worth to be said of a conversation. */
    void conversation(boolean ofSeveralTurns, boolean openedByTheAssistant) {
        severalTurns += ofSeveralTurns ? 1 : 0;
        openedByAssistant += openedByTheAssistant ? 1 : 0;
    }

    /** Counts a row that is left out; the reasons are few fixed texts. */
    void skip(String reason) {
        skip(reason, 1);
    }

    void skip(String reason, long rows) {
        if (rows > 0) {
            skipped.merge(reason, rows, Long::sum);
        }
    }

    long instructions() {
        return instructions;
    }

    Map<String, Long> skipped() {
        return new TreeMap<>(skipped);
    }

    long allSkipped() {
        return skipped.values().stream().mapToLong(Long::longValue).sum();
    }

    void add(ReadingCounts other) {
        forms.addAll(other.forms);
        other.skipped.forEach((reason, count) -> skipped.merge(reason, count, Long::sum));
        instructions += other.instructions;
        severalTurns += other.severalTurns;
        openedByAssistant += other.openedByAssistant;
    }

    /** The line for a file or folder of a kind. */
    String summary(String kind) {
        String reasons = skipped.entrySet().stream()
                .map(each -> each.getValue() + " " + each.getKey())
                .collect(Collectors.joining(", "));
        return kind
                + (forms.isEmpty() ? "" : " of " + String.join(", ", forms))
                + ", " + instructions + (instructions == 1 ? " instruction" : " instructions")
                + ", " + allSkipped() + " skipped" + (reasons.isEmpty() ? "" : ": " + reasons)
                + (severalTurns == 0 ? "" : "; conversations of several turns: " + severalTurns)
                + (openedByAssistant == 0
                        ? ""
                        : "; conversations that the assistant begins: " + openedByAssistant
                                + " (the first turn is left out)");
    }
}
