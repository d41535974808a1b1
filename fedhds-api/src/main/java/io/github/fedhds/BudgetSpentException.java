package io.github.fedhds;

/** A client's privacy budget does not suffice for a release. Nothing was released. */
public final class BudgetSpentException extends FedHdsException {
    private static final long serialVersionUID = 1L;

    public BudgetSpentException(String message) {
        super(message);
    }
}
