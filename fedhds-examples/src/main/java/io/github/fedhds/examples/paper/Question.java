package io.github.fedhds.examples.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A question of the paper: the runs that answer it, and the figures to look at. */
enum Question {
    FEATURES(
            "Features of all layers or of the last one",
            "Do features of all layers separate the tasks of a client better than those of the last layer?",
            "features",
            List.of(Measure.ROUGE_L, Measure.CALINSKI_HARABASZ, Measure.LOSS, Measure.NOISE_SHARE, Measure.SAMPLES)) {
        @Override
        List<Row> rows(Arm base) {
            return List.of(
                    new Row("FedHDS", "all layers", base),
                    new Row("FedHDS", "last layer", base.withReduction(Reduction.TSNE_LAST_LAYER)));
        }
    },
    SIZE(
            "Size of the coreset",
            "How many samples are needed?",
            "share of the instructions of a round's clients, %",
            List.of(Measure.ROUGE_L, Measure.SECONDS, Measure.LOSS, Measure.SAMPLES, Measure.PERCENT)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (Choice choice : List.of(Choice.FEDHDS, Choice.RECOMMENDED, Choice.RANDOM)) {
                for (double percent : new double[] {0.1, 0.5, 1.5, 3}) {
                    Arm arm = base.withChoice(choice).withSamplesPerGroup(1).withShare(percent / 100);
                    rows.add(new Row(choice.title(), number(percent), arm));
                }
            }
            return rows;
        }
    },
    NOISE(
            "Noise on the centroids",
            "How much Gaussian noise do the server's clusters bear?",
            "standard deviation of the noise, of the spread of the centroids",
            List.of(
                    Measure.ROUGE_L,
                    Measure.SAME_CLUSTERS,
                    Measure.SAME_CHOICE,
                    Measure.LOSS,
                    Measure.CHOSEN,
                    Measure.SAMPLES)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (double noise : new double[] {0, 0.05, 0.1, 0.25, 0.5, 1}) {
                rows.add(new Row("FedHDS", number(noise), base.withNoise(noise)));
            }
            return rows;
        }
    },
    REDUCTIONS(
            "t-SNE, PCA and kernel PCA",
            "Which reduction to two dimensions is the best, and does that depend on the partition?",
            "reduction",
            List.of(
                    Measure.ROUGE_L,
                    Measure.CALINSKI_HARABASZ,
                    Measure.LOSS,
                    Measure.COVERAGE,
                    Measure.NOISE_SHARE,
                    Measure.SAMPLES)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (String partition : List.of("dirichlet:0.5", "dirichlet:5.0", "task")) {
                for (Reduction reduction : List.of(Reduction.TSNE, Reduction.PCA, Reduction.KERNEL_PCA)) {
                    Arm arm = base.withPartition(partition).withReduction(reduction);
                    rows.add(new Row(partition, reduction.title(), arm));
                }
            }
            return rows;
        }
    },
    FRACTION(
            "Share of active clients",
            "How many clients does a round need?",
            "share of the clients in a round",
            List.of(
                    Measure.ROUGE_L,
                    Measure.COVERAGE,
                    Measure.LOSS,
                    Measure.NOISE_SHARE,
                    Measure.CHOSEN,
                    Measure.SAMPLES,
                    Measure.SECONDS)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (double fraction : new double[] {0.1, 0.2, 0.34, 0.67}) {
                rows.add(new Row("FedHDS", number(fraction), base.withFraction(fraction)));
            }
            return rows;
        }
    },
    METHODS(
            "Methods",
            "What is gained over full data and over other choices of as many samples?",
            "method",
            List.of(
                    Measure.ROUGE_L,
                    Measure.LOSS,
                    Measure.SAMPLES,
                    Measure.PERCENT,
                    Measure.STEPS,
                    Measure.SECONDS,
                    Measure.SPEED_UP,
                    Measure.COVERAGE,
                    Measure.KILOBYTES_UP,
                    Measure.KILOBYTES_DOWN)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (Choice choice : Choice.values()) {
                rows.add(new Row("methods", choice.title(), base.withChoice(choice)));
            }
            return rows;
        }
    },
    GROUPS(
            "Smallest cluster and samples of a group",
            "How do the two settings of the paper's selection change its result?",
            "setting",
            List.of(
                    Measure.ROUGE_L,
                    Measure.SAMPLES,
                    Measure.LOSS,
                    Measure.COVERAGE,
                    Measure.NOISE_SHARE,
                    Measure.GROUPS,
                    Measure.CHOSEN)) {
        @Override
        List<Row> rows(Arm base) {
            List<Row> rows = new ArrayList<>();
            for (int size : new int[] {2, 3, 5, 8}) {
                rows.add(new Row("smallest cluster", "cluster " + size, base.withMinClusterSize(size)));
            }
            for (int samples : new int[] {1, 2, 3, 5}) {
                rows.add(new Row("samples of a group", "samples " + samples, base.withSamplesPerGroup(samples)));
            }
            return rows;
        }
    };

    private final String title;
    private final String question;
    private final String axis;
    private final List<Measure> measures;

    /**
     * Runs that are one point in a plot and one line in a table.
     *
     * @param series runs that belong together
     * @param label place on the horizontal axis
     */
    record Row(String series, String label, Arm arm) {}

    Question(String title, String question, String axis, List<Measure> measures) {
        this.title = title;
        this.question = question;
        this.axis = axis;
        this.measures = measures;
    }

    /** The runs, given the settings that the question does not vary. */
    abstract List<Row> rows(Arm base);

    String title() {
        return title;
    }

    String question() {
        return question;
    }

    /** What the rows' labels mean. */
    String axis() {
        return axis;
    }

    /** Columns of the table; the first two are plotted. */
    List<Measure> measures() {
        return measures;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%s", value).replaceFirst("\\.0$", "");
    }
}
