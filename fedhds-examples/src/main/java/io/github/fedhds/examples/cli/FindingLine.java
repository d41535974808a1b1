package io.github.fedhds.examples.cli;

import io.github.fedhds.monitoring.Finding;

/** A finding of a run as a line of the console, with the options to try. */
public final class FindingLine {
    private FindingLine() {}

    /** The line, without a newline. */
    public static String of(Finding finding) {
        return "diagnosis: " + finding.what() + "; likely cause: "
                + finding.kind().cause() + "; try " + options(finding.kind());
    }

    /** The options of the command line that may help. */
    public static String options(Finding.Kind kind) {
        return switch (kind) {
            case SCORE_PLATEAU ->
                "--patience, which stops early, a higher --learning-rate, or more samples (a larger --share)";
            case LOSS_PLATEAU ->
                "--evaluate-every to see whether Rouge-L still rises, a higher --learning-rate, or more samples (a larger"
                        + " --share)";
            case SCORE_FALLING ->
                "a lower --learning-rate, fewer --epochs, or --patience, which stops; the best adapter is kept";
            case SCATTERED_UPDATES ->
                "a lower --learning-rate; with --clip and --epsilon less noise (a higher --epsilon) or more clients"
                        + " (--fraction)";
            case UNEQUAL_CORESETS -> "--selection recommended or balanced, or other clients (--clients)";
            case CLIENTS_WITHOUT_GROUPS ->
                "--selection recommended, which needs no groups, or fewer clients with more instructions each (--clients)";
            case SATURATED_BOUND -> "a higher --clip, or a lower --learning-rate";
        };
    }
}
