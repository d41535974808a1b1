package io.github.fedhds.examples.paper;

import java.util.Locale;

/** A figure of a run. */
enum Measure {
    /** Mean Rouge-L on unseen tasks, 0 to 1. */
    ROUGE_L("Rouge-L on unseen tasks", "%.4f"),
    /** Mean loss of the reference answers of the unseen tasks, per token in nats. */
    LOSS("loss of unseen answers", "%.3f"),
    /** Training samples over all rounds. */
    SAMPLES("samples", "%.0f"),
    /** Training samples as a share of the instructions of the rounds' clients, in percent. */
    PERCENT("of the data, %", "%.2f"),
    /** Training steps over all rounds. */
    STEPS("steps", "%.0f"),
    /** Seconds of features, selection and training, summed over the clients. */
    SECONDS("seconds of clients", "%.1f"),
    /** Seconds of full data with the same seed, divided by this run's; derived, not in the results file. */
    SPEED_UP("times as fast as full data", "%.1f"),
    /** Seconds of the features alone. */
    FEATURE_SECONDS("features, s", "%.1f"),
    /** Seconds of training alone. */
    TRAINING_SECONDS("training, s", "%.1f"),
    /** Mean bytes that a client of a round sends, in thousands. */
    KILOBYTES_UP("kB up, a client and round", "%.1f"),
    /** Mean bytes that a client of a round receives, in thousands. */
    KILOBYTES_DOWN("kB down, a client and round", "%.1f"),
    /** Distinct tasks among the training samples of a round, of those that its clients hold, 0 to 1; the mean of the rounds. */
    COVERAGE("tasks of the round in the coreset", "%.3f"),
    /** Share of the clients' samples that are in no group, 0 to 1; the mean over clients and rounds. */
    NOISE_SHARE("noise among samples", "%.3f"),
    /** Groups that the clients of a round find. */
    GROUPS("groups a round", "%.1f"),
    /** Groups that the server chooses in a round. */
    CHOSEN("chosen groups a round", "%.1f"),
    /** Calinski-Harabasz index of a client's points, labelled by their true tasks; the mean over clients and rounds. */
    CALINSKI_HARABASZ("Calinski-Harabasz of the tasks", "%.1f"),
    /** Adjusted Rand index of the server's clusters with and without noise; the mean of the rounds. */
    SAME_CLUSTERS("clusters as without noise (adjusted Rand)", "%.3f"),
    /** Jaccard index of the centroids chosen with and without noise, 0 to 1; the mean of the rounds. */
    SAME_CHOICE("choice as without noise (Jaccard)", "%.3f");

    private final String title;
    private final String format;

    Measure(String title, String format) {
        this.title = title;
        this.format = format;
    }

    String title() {
        return title;
    }

    /** A value of this measure as text. */
    String text(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }
}
