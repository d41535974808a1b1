package io.github.fedhds.privacy;

import java.util.Collection;

/**
 * What a run has spent so far.
 *
 * @param epsilon of the client that has spent most, or of the adapters if the server adds the noise
 * @param budget greatest epsilon
 * @param delta of both
 * @param secret whether the noise is secret; if not, it protects nothing
 */
public record PrivacySpent(double epsilon, double budget, double delta, boolean secret) {
    /** What the clients with these ledgers have spent; there is at least one, and all have the same budget. */
    public static PrivacySpent of(Collection<PrivacyLedger> ledgers) {
        PrivacyBudget budget = ledgers.iterator().next().budget();
        return new PrivacySpent(
                ledgers.stream().mapToDouble(PrivacyLedger::epsilon).max().orElse(0),
                budget.epsilon(),
                budget.delta(),
                ledgers.stream().allMatch(PrivacyLedger::isSecret));
    }

    /** What is left of the budget. */
    public double left() {
        return Math.max(0, budget - epsilon);
    }
}
