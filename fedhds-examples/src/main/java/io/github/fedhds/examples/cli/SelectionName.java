package io.github.fedhds.examples.cli;

import java.util.ArrayList;
import java.util.List;

/** Selection of a client's training instructions, by its name on the command line. */
public enum SelectionName {
    /** Samples that differ as much as possible from each other and from earlier rounds'; covers the most tasks. */
    RECOMMENDED,
    /** The paper's selection on clients and server. */
    FEDHDS,
    /** A share at random, balanced over each client's groups. */
    BALANCED,
    /** A share at random. */
    RANDOM,
    /** All instructions, as in FedIT. */
    FULL;

    boolean needsFeatures() {
        return this != RANDOM && this != FULL;
    }

    /** Options that change nothing with it. */
    List<String> unused() {
        List<String> unused = new ArrayList<>();
        if (!hasShare()) {
            unused.add("--share");
        }
        if (this != FEDHDS) {
            unused.addAll(List.of("--samples-per-group", "--clustering", "--groups"));
        }
        if (!needsFeatures()) {
            unused.addAll(List.of(
                    "--fusion", "--feature-model", "--feature-layers", "--feature-cache", "--feature-cache-size"));
        }
        return unused;
    }

    /** Whether it takes a share of the instructions. */
    boolean hasShare() {
        return this == RECOMMENDED || this == BALANCED || this == RANDOM;
    }
}
