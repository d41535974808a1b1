package io.github.fedhds.examples.cli;

import io.github.fedhds.FedHdsException;
import io.github.fedhds.dataset.PartitionSummary;
import io.github.fedhds.dataset.Partitions;
import io.github.fedhds.instruction.Instruction;
import io.github.fedhds.round.ClientId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/**
 * The value of {@code --partition}: how instructions are distributed to clients.
 *
 * @param value what stands after the colon: a concentration, a number of tasks or the name of a column; empty if nothing
 */
record PartitionChoice(Kind kind, String value) {
    private static final String FORMS =
            "task, dirichlet:ALPHA, labels:K, even, quantity:ALPHA or column:NAME, such as dirichlet:0.5";

    enum Kind {
        /** One client for each task. */
        TASK,
        /** Each task in shares of a Dirichlet distribution. */
        DIRICHLET,
        /** A number of tasks for each client. */
        LABELS,
        /** Equal sizes, at random. */
        EVEN,
        /** Sizes of a Dirichlet distribution, at random. */
        QUANTITY,
        /** One client for each value of a column. */
        COLUMN
    }

    /** The default: one client for each task or, with a number of clients, Dirichlet shares as in the paper for Dolly. */
    static PartitionChoice of(Optional<PartitionChoice> given, Optional<Integer> clients) {
        return given.orElse(
                clients.isPresent() ? new PartitionChoice(Kind.DIRICHLET, "0.5") : new PartitionChoice(Kind.TASK, ""));
    }

    /** Makes a command line accept values of this type. */
    static void register(CommandLine line) {
        line.registerConverter(PartitionChoice.class, PartitionChoice::parse);
    }

    private static PartitionChoice parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        String value = colon < 0 ? "" : text.substring(colon + 1).strip();
        for (Kind kind : Kind.values()) {
            if (OptionNames.of(kind).equals(name)) {
                PartitionChoice choice = new PartitionChoice(kind, value);
                boolean valid = switch (kind) {
                    case TASK, EVEN -> colon < 0;
                    case COLUMN -> !value.isEmpty();
                    case DIRICHLET, QUANTITY -> isNumber(value) && choice.alpha() > 0 && choice.alpha() < 1e300;
                    case LABELS -> value.matches("[1-9][0-9]{0,8}");
                };
                if (valid) {
                    return choice;
                }
            }
        }
        throw new TypeConversionException(
                "\"" + text + "\" is none of " + FORMS + ", with ALPHA above 0 and below 1e300, and K 1 to 999999999");
    }

    private static boolean isNumber(String text) {
        try {
            return Double.isFinite(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private double alpha() {
        return Double.parseDouble(value);
    }

    /** @throws ParameterException if the number of clients is missing, or follows from the data */
    void check(CommandLine line, Optional<Integer> clients) {
        boolean byData = kind == Kind.TASK || kind == Kind.COLUMN;
        if (byData && clients.isPresent()) {
            throw new ParameterException(
                    line,
                    "--partition " + this + " makes one client for each " + (kind == Kind.TASK ? "task" : "value")
                            + " of the data; leave out --clients");
        }
        if (!byData && clients.isEmpty()) {
            throw new ParameterException(line, "--partition " + this + " needs --clients");
        }
    }

    /** The column that names the clients, if the choice is one. */
    Optional<String> column() {
        return kind == Kind.COLUMN ? Optional.of(value) : Optional.empty();
    }

    /**
     * Distributes instructions; those of a column are distributed when the data is read.
     *
     * @param clients number of clients, for the kinds that need it
     * @throws FedHdsException if the data do not fit the options; the message names them
     */
    Map<ClientId, List<Instruction>> distribute(
            Map<String, List<Instruction>> tasks, Optional<Integer> clients, long seed) {
        try {
            return switch (kind) {
                case TASK, COLUMN -> Partitions.byTask(tasks);
                case DIRICHLET -> Partitions.dirichlet(tasks, clients.orElseThrow(), alpha(), 1, seed);
                case LABELS -> Partitions.byTaskCount(tasks, clients.orElseThrow(), Integer.parseInt(value), seed);
                case EVEN -> Partitions.even(tasks, clients.orElseThrow(), seed);
                case QUANTITY -> Partitions.byQuantity(tasks, clients.orElseThrow(), alpha(), 1, seed);
            };
        } catch (IllegalArgumentException e) {
            throw new FedHdsException(
                    "--partition " + this + clients.map(n -> ", --clients " + n).orElse("") + ": " + e.getMessage(), e);
        }
    }

    /** One line about the clients of this partition. */
    String describe(Map<ClientId, List<Instruction>> clients) {
        PartitionSummary summary = PartitionSummary.of(clients);
        return String.format(
                Locale.ROOT,
                "partition %s: %d to %d instructions a client (median %.0f), %.1f of %d tasks a client,"
                        + " heterogeneity %.2f (%.2f at random)",
                this,
                summary.least(),
                summary.most(),
                summary.median(),
                summary.tasksPerClient(),
                summary.tasks(),
                summary.heterogeneity(),
                summary.heterogeneityAtRandom());
    }

    /** The value as on the command line. */
    @Override
    public String toString() {
        return OptionNames.of(kind) + (value.isEmpty() ? "" : ":" + value);
    }
}
