package io.github.fedhds.examples.paper;

/** What a run trains on. */
enum Choice {
    /** Nothing: the base model without an adapter. */
    BASE("base model"),
    /** The paper's selection on clients and server. */
    FEDHDS("FedHDS"),
    /** {@link #FEDHDS} with features of a small fixed model. */
    TURBO("FedHDS-Turbo"),
    /** The paper's ablation: one sample of every group of every client. */
    INTRA("intra-client only"),
    /** The paper's ablation: the server clusters all samples. */
    INTER("inter-client only"),
    /** The library's recommended selection. */
    RECOMMENDED("recommended"),
    /** As many samples as {@link #FEDHDS} in a round, spread over all clients of the round by their size. */
    RANDOM("random"),
    /** As many samples as {@link #FEDHDS} on each client, so that only the choice of the samples differs. */
    RANDOM_PER_CLIENT("random, as many on each client"),
    PERPLEXITY("perplexity"),
    DIFFICULTY("difficulty (IFD)"),
    FULL("full data (FedIT)"),
    /** Full data, stopped after as many training steps as {@link #FEDHDS} has. */
    FULL_EQUAL_STEPS("full data, equal steps");

    private final String title;

    Choice(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** Whether the number of samples is that of a run of {@link #FEDHDS} with the same seed. */
    boolean followsFedHds() {
        return switch (this) {
            case RANDOM, RANDOM_PER_CLIENT, PERPLEXITY, DIFFICULTY, RECOMMENDED, FULL_EQUAL_STEPS -> true;
            default -> false;
        };
    }
}
