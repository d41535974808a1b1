package io.github.fedhds;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.aggregation.Aggregator;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.round.ClientId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Limits on the content of single messages, and the number of answers that a step needs. Immutable, safe for many threads.
 *
 * @param maxCentroids most centroids of a client
 * @param maxCoordinate largest coordinate of a centroid, either side of zero
 * @param maxGroups most chosen groups of a client
 * @param maxSamples most samples of a client
 * @param maxNorm largest distance of a client's adapter from the global one
 * @param minAnswers answers that a step needs
 * @param minShare share of the clients asked whose answers a step needs
 */
record Limits(
        int maxCentroids,
        double maxCoordinate,
        int maxGroups,
        int maxSamples,
        double maxNorm,
        int minAnswers,
        double minShare) {
    /** The value itself. */
    static int atLeast(int least, int value, String name) {
        if (value < least) {
            throw new IllegalArgumentException(name + " must be " + least + " or more, was " + value);
        }
        return value;
    }

    static double positive(double value, String name) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(name + " must be above 0, was " + value);
        }
        return value;
    }

    /** Answers that a step needs of so many clients that it asks. */
    int answersOf(int asked) {
        return Math.max(minAnswers, (int) Math.ceil(minShare * asked - 1e-9)); // 0.07 * 100 is 7.000000000000001
    }

    /** Why so many clients can never give the answers that a round needs; empty if they can. */
    Optional<String> tooFew(int clients, Aggregator aggregator) {
        String count = clients + (clients == 1 ? " client" : " clients");
        if (clients < minAnswers) {
            return Optional.of(count + ", and a round needs the answers of " + minAnswers);
        }
        return clients < aggregator.leastUpdates()
                ? Optional.of(count + ", and " + RoleAnswer.describe("the aggregator", aggregator)
                        + " needs the updates of " + aggregator.leastUpdates())
                : Optional.empty();
    }

    /** Which of the server's own settings exceeds the limits of messages; empty if none does. */
    Optional<String> exceeding(
            MessageLimits messages, int dimensions, Map<String, String> settings, Map<String, String> agreedSettings) {
        if (maxCentroids > messages.centroids()) {
            return Optional.of("maxCentroids " + maxCentroids + " is above the " + messages.centroids()
                    + " centroids that messages of this run may hold");
        }
        if (dimensions > messages.dimensions()) {
            return Optional.of("dimensions " + dimensions + " is above the " + messages.dimensions()
                    + " coordinates that messages of this run may hold");
        }
        if (settings.size() + agreedSettings.size() > messages.settings()) {
            return Optional.of(settings.size() + " settings and " + agreedSettings.size()
                    + " agreed settings are above the " + messages.settings() + " that messages of this run may hold");
        }
        return exceeding(messages, settings).or(() -> exceeding(messages, agreedSettings));
    }

    private static Optional<String> exceeding(MessageLimits messages, Map<String, String> settings) {
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            String name = setting.getKey();
            ClientId.checkName("a setting's name", name);
            if (setting.getValue().codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)) {
                return Optional.of("the value of setting " + name
                        + " holds half of a surrogate pair, which no message can" + " hold");
            }
            if (setting.getValue().length() > messages.text()) {
                return Optional.of("the value of setting " + name + " has "
                        + setting.getValue().length() + " characters, messages of this run may hold "
                        + messages.text());
            }
        }
        return Optional.empty();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** What of an opening exceeds the limits of messages; empty if it fits. */
    static Optional<String> exceeding(MessageLimits messages, RoundOpening opening) {
        if (opening.clients().size() > messages.clients()) {
            return Optional.of("the client sampler names " + opening.clients().size() + " clients, above the "
                    + messages.clients() + " that messages of this run may hold");
        }
        long ids = opening.clients().stream()
                .mapToLong(client -> bytes(client.value()) + 1)
                .sum();
        long most = 800 + 64L * messages.clients(); // as MessageLimits has it
        if (ids > most) {
            return Optional.of("the ids of the round's clients have " + ids + " bytes, above the " + most
                    + " that messages of this run may hold; raise clients");
        }
        int tensors =
                2 * opening.globalAdapter().tensors().size() + (opening.frame().isPresent() ? 3 : 1);
        if (tensors > messages.tensors()) {
            return Optional.of("an opening has up to " + tensors + " tensors, above the " + messages.tensors()
                    + " that messages of this run may hold");
        }
        long header = 1000;
        for (Map<String, String> settings : List.of(opening.settings(), opening.agreedSettings())) {
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                header += 20 + bytes(setting.getKey()) + bytes(setting.getValue());
            }
        }
        for (String name : opening.globalAdapter().tensors().keySet()) {
            header += 2 * (110 + bytes(name));
        }
        if (header > messages.headerBytes()) {
            return Optional.of("settings and names of tensors of an opening have " + header + " bytes, above the "
                    + messages.headerBytes()
                    + " of a header that messages of this run may hold; shorten the settings or raise"
                    + " headerBytes");
        }
        long adapter = 4 * opening.globalAdapter().parameters();
        if (adapter > messages.bytes()) {
            return Optional.of("the adapter has " + adapter + " bytes, above the " + messages.bytes()
                    + " that messages of this run may hold; raise bytes");
        }
        int axes = opening.frame().map(Frame::dimensions).orElse(0);
        return axes > messages.dimensions()
                ? Optional.of("the frame has " + axes + " axes, above the " + messages.dimensions()
                        + " coordinates that messages of this run may hold")
                : Optional.empty();
    }

    Optional<Receipt> refusal(CentroidReport report, int dimensions) {
        List<Centroid> centroids = report.centroids();
        if (centroids.size() > maxCentroids) {
            return refused(
                    report,
                    Refusal.TOO_MANY,
                    "client " + report.client() + " sends " + centroids.size()
                            + " centroids, this server takes at most " + maxCentroids + " of a client");
        }
        if (report.samples() > maxSamples) {
            return refused(
                    report,
                    Refusal.SAMPLES,
                    "client " + report.client() + " says that it holds " + report.samples()
                            + " samples, this server takes at most " + maxSamples + " of a client");
        }
        for (int i = 0; i < centroids.size(); i++) {
            double[] point = centroids.get(i).point();
            if (centroids.get(i).group() != i) {
                return refused(
                        report,
                        Refusal.WRONG_GROUPS,
                        "centroids are in group order from 0; place " + i + " holds group "
                                + centroids.get(i).group());
            }
            if (point.length != dimensions) {
                return refused(
                        report,
                        Refusal.WRONG_SHAPE,
                        "centroid " + i + " has " + point.length + " coordinates, this run has " + dimensions
                                + "; set FedHdsServerBuilder.dimensions to the clients' Fusion.dimensions (a shared"
                                + " frame has its own, Frame.dimensions)");
            }
            if (!Arrays.stream(point).allMatch(Double::isFinite)) {
                return refused(
                        report, Refusal.NOT_FINITE, "centroid " + i + " is not finite: " + Arrays.toString(point));
            }
            for (double coordinate : point) {
                if (Math.abs(coordinate) > maxCoordinate) {
                    return refused(
                            report,
                            Refusal.TOO_FAR,
                            "centroid " + i + " of client " + report.client() + " has a coordinate of " + coordinate
                                    + ", this server takes at most " + maxCoordinate);
                }
            }
        }
        return Optional.empty();
    }

    /** The refusal of an update, in which the aggregator found this fault or none. */
    Optional<Receipt> refusal(AdapterUpdate update, Adapter global, Optional<String> fault) {
        if (update.samples() < 1) {
            return refused(
                    update, Refusal.SAMPLES, "an adapter is trained on 1 sample or more, was " + update.samples());
        }
        if (update.samples() > maxSamples) {
            return refused(
                    update,
                    Refusal.SAMPLES,
                    "client " + update.client() + " claims " + update.samples() + " samples, this server takes at most "
                            + maxSamples + " of a client");
        }
        Adapter adapter = update.adapter();
        if (fault.isPresent()) {
            return refused(update, kindOf(fault.get(), global, adapter), fault.get());
        }
        return tooFar(adapter, global)
                .flatMap(far ->
                        refused(update, Refusal.TOO_FAR, "the adapter of client " + update.client() + " is " + far));
    }

    /** How far an adapter is from the global one, if that is too far. */
    Optional<String> tooFar(Adapter adapter, Adapter global) {
        double norm = maxNorm == Double.POSITIVE_INFINITY ? 0 : Math.sqrt(global.squaredDistance(adapter));
        return norm <= maxNorm // false for NaN too, if the aggregator let one through
                ? Optional.empty()
                : Optional.of(norm + " from the global one, this server takes at most " + maxNorm);
    }

    private static Refusal kindOf(String fault, Adapter global, Adapter adapter) {
        if (adapter.firstNonFinite().filter(fault::equals).isPresent()) {
            return Refusal.NOT_FINITE;
        }
        if (!global.tensors().keySet().equals(adapter.tensors().keySet())) {
            return Refusal.WRONG_NAMES;
        }
        return global.differenceInForm(adapter).isPresent() ? Refusal.WRONG_SHAPE : Refusal.RULE;
    }

    private static Optional<Receipt> refused(Message message, Refusal refusal, String reason) {
        return Optional.of(Receipt.refused(message, refusal, reason));
    }
}
