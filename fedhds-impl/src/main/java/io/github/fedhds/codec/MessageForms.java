package io.github.fedhds.codec;

import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKey;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Collectors;

/** The fields of each kind of message, version 1. What is written here and what is read stand side by side. */
final class MessageForms {
    static final String CLIENTS = "clients";
    static final String GROUPS = "groups";
    static final String POINTS = "points";
    static final String FRAME_MEAN = "frame.mean";
    static final String FRAME_AXES = "frame.axes";

    private static final String SETTING = "setting.";
    private static final String AGREED = "agreed.";
    private static final int DIGEST = 64;

    private MessageForms() {}

    static void write(Message message, FieldWriter out, AdapterPrecision openings, AdapterPrecision updates) {
        if (message instanceof RoundOpening opening) {
            write(opening, out, openings);
        } else if (message instanceof CentroidReport report) {
            write(report, out);
        } else if (message instanceof GroupSelection selection) {
            write(selection, out);
        } else if (message instanceof AdapterUpdate update) {
            write(update, out, updates);
        } else if (message instanceof Withdrawal withdrawal) {
            write(withdrawal, out);
        } else if (message instanceof Receipt receipt) {
            write(receipt, out);
        }
    }

    static Message read(MessageKind kind, FieldReader in) {
        return switch (kind) {
            case OPENING -> readOpening(in);
            case CENTROIDS -> readCentroids(in);
            case SELECTION -> readSelection(in);
            case UPDATE -> readUpdate(in);
            case WITHDRAWAL -> readWithdrawal(in);
            case RECEIPT -> readReceipt(in);
        };
    }

    /** Whether the bytes of a kind may hold a tensor of that name. */
    static boolean mayHold(MessageKind kind, String tensor) {
        return switch (kind) {
            case OPENING ->
                AdapterTensors.isOne(tensor)
                        || tensor.equals(CLIENTS)
                        || tensor.equals(FRAME_MEAN)
                        || tensor.equals(FRAME_AXES);
            case CENTROIDS -> tensor.equals(GROUPS) || tensor.equals(POINTS);
            case SELECTION -> tensor.equals(GROUPS);
            case UPDATE -> AdapterTensors.isOne(tensor);
            case WITHDRAWAL, RECEIPT -> false;
        };
    }

    /** The address of a message whose other fields may be wrong, as far as it is there and right. */
    static Optional<MessageKey> address(Map<String, String> fields) {
        try {
            String client = fields.get("client");
            return Optional.of(new MessageKey(
                    MessageChecks.checkName("run", fields.getOrDefault("run", "")),
                    Integer.parseInt(fields.getOrDefault("round", "")),
                    client == null ? Optional.empty() : Optional.of(new ClientId(client)),
                    kind(fields.getOrDefault("kind", "")).orElseThrow()));
        } catch (InvalidMessageException | IllegalArgumentException | NoSuchElementException e) {
            return Optional.empty();
        }
    }

    static Optional<MessageKind> kind(String name) {
        return Arrays.stream(MessageKind.values())
                .filter(kind -> name(kind).equals(name))
                .findFirst();
    }

    static String kinds() {
        return Arrays.stream(MessageKind.values()).map(MessageForms::name).collect(Collectors.joining(", "));
    }

    private static void write(RoundOpening opening, FieldWriter out, AdapterPrecision precision) {
        out.name("run", opening.runId());
        out.whole("round", opening.round(), 1);
        out.whole("seed", opening.seed(), Long.MIN_VALUE);
        byte[] clients = ClientNames.write(opening.clients(), out.limits.clients());
        out.tensor(CLIENTS, Dtype.U8, new int[] {clients.length}, into -> into.put(clients));
        checkSettings(opening.settings(), opening.agreedSettings(), out.limits);
        write(SETTING, opening.settings(), out);
        write(AGREED, opening.agreedSettings(), out);
        out.adapter(opening.globalAdapter(), precision);
        if (opening.frame().isEmpty()) {
            out.text("frame", "none", MessageLimits.NAME);
        } else if (opening.frame().get() instanceof Frame.Signs signs) {
            out.text("frame", "signs", MessageLimits.NAME);
            MessageChecks.check("axes of a frame", signs.dimensions(), out.limits.dimensions());
            out.whole("frame.dimensions", signs.dimensions(), 1);
            out.whole("frame.seed", signs.seed(), Long.MIN_VALUE);
        } else if (opening.frame().get() instanceof Frame.Axes axes) {
            out.text("frame", "axes", MessageLimits.NAME);
            MessageChecks.check("axes of a frame", axes.dimensions(), out.limits.dimensions());
            float[] mean = axes.mean();
            float[] all = axes.axes();
            out.tensor(FRAME_MEAN, Dtype.F32, new int[] {mean.length}, into -> put(mean, into));
            out.tensor(FRAME_AXES, Dtype.F32, new int[] {axes.dimensions(), mean.length}, into -> put(all, into));
        }
    }

    private static void checkSettings(Map<String, String> settings, Map<String, String> agreed, MessageLimits limits) {
        MessageChecks.check("settings of an opening", (long) settings.size() + agreed.size(), limits.settings());
    }

    private static void write(String prefix, Map<String, String> settings, FieldWriter out) {
        settings.forEach((name, value) ->
                out.text(prefix + MessageChecks.checkName("a setting's name", name), value, out.limits.text()));
    }

    private static void put(float[] values, ByteBuffer into) {
        for (float value : values) {
            into.putFloat(value);
        }
    }

    private static RoundOpening readOpening(FieldReader in) {
        String run = in.name("run");
        int round = in.positive("round");
        long seed = in.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        List<ClientId> clients = ClientNames.read(in.tensor(CLIENTS, Dtype.U8, 1), in.limits.clients());
        Map<String, String> settings = in.beginningWith(SETTING, in.limits.text());
        Map<String, String> agreed = in.beginningWith(AGREED, in.limits.text());
        checkSettings(settings, agreed, in.limits);
        return new RoundOpening(run, round, clients, seed, in.adapter(), settings, agreed, readFrame(in));
    }

    private static Optional<Frame> readFrame(FieldReader in) {
        String form = in.text("frame", MessageLimits.NAME);
        return switch (form) {
            case "none" -> Optional.empty();
            case "signs" -> {
                int dimensions = in.positive("frame.dimensions");
                MessageChecks.check("axes of a frame", dimensions, in.limits.dimensions());
                yield Optional.of(new Frame.Signs(dimensions, in.whole("frame.seed", Long.MIN_VALUE, Long.MAX_VALUE)));
            }
            case "axes" -> {
                StoredTensor mean = in.tensor(FRAME_MEAN, Dtype.F32, 1);
                StoredTensor axes = in.tensor(FRAME_AXES, Dtype.F32, 2);
                if (axes.shape()[1] != mean.size()) {
                    throw axes.fault("must have " + mean.size() + " columns as the mean, had " + axes.shape()[1]);
                }
                MessageChecks.check("axes of a frame", axes.shape()[0], in.limits.dimensions());
                yield Optional.of(new Frame.Axes(mean.toFloats(), axes.toFloats()));
            }
            default ->
                throw new InvalidMessageException(
                        "frame must be none, signs or axes, was \"" + JsonFile.shorten(form) + "\"");
        };
    }

    private static void write(CentroidReport report, FieldWriter out) {
        out.name("run", report.runId());
        out.whole("round", report.round(), 1);
        out.text("client", report.client().value(), MessageLimits.NAME);
        if (report.samples() > 0) {
            out.whole("samples", report.samples(), 1);
        }
        writeDigest("opening", report.openingDigest(), out);
        List<Centroid> centroids = report.centroids();
        int n = centroids.size();
        double[][] points = centroids.stream().map(Centroid::point).toArray(double[][]::new);
        int dimensions = n == 0 ? 0 : points[0].length;
        checkPoints(n, dimensions, out.limits);
        for (int i = 0; i < n; i++) {
            if (points[i].length != dimensions) {
                throw new InvalidMessageException("centroids must have equally many coordinates, number 0 has "
                        + dimensions + ", number " + i + " has " + points[i].length);
            }
            for (double value : points[i]) {
                if (!Double.isFinite(value)) {
                    throw new InvalidMessageException(
                            "centroid " + i + " holds " + value + ", coordinates must be finite");
                }
            }
        }
        out.tensor(GROUPS, Dtype.I32, new int[] {n}, into -> centroids.forEach(c -> into.putInt(c.group())));
        out.tensor(POINTS, Dtype.F64, new int[] {n, dimensions}, into -> {
            for (double[] point : points) {
                for (double value : point) {
                    into.putDouble(value);
                }
            }
        });
    }

    private static void checkPoints(int n, int dimensions, MessageLimits limits) {
        MessageChecks.check("centroids of a report", n, limits.centroids());
        MessageChecks.check("coordinates of a centroid", dimensions, limits.dimensions());
        if (n > 0 == (dimensions == 0)) {
            throw new InvalidMessageException(
                    "centroids have 1 coordinate or more, and none where there is no centroid; were " + n
                            + " centroids with " + dimensions + " coordinates");
        }
    }

    private static CentroidReport readCentroids(FieldReader in) {
        String run = in.name("run");
        int round = in.positive("round");
        ClientId client = new ClientId(in.name("client"));
        int samples = in.has("samples") ? in.positive("samples") : 0;
        StoredTensor groups = in.tensor(GROUPS, Dtype.I32, 1);
        StoredTensor points = in.tensor(POINTS, Dtype.F64, 2);
        int n = groups.size();
        int dimensions = points.shape()[1];
        if (points.shape()[0] != n) {
            throw points.fault("must have a row for each of " + n + " groups, had " + points.shape()[0]);
        }
        checkPoints(n, dimensions, in.limits);
        List<Centroid> centroids = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            double[] point = new double[dimensions];
            for (int j = 0; j < dimensions; j++) {
                point[j] = points.doubleAt(i * dimensions + j);
            }
            centroids.add(new Centroid(groups.intAt(i), point));
        }
        return new CentroidReport(run, round, client, centroids, samples, readDigest("opening", in));
    }

    private static void write(GroupSelection selection, FieldWriter out) {
        out.name("run", selection.runId());
        out.whole("round", selection.round(), 1);
        out.text("client", selection.client().value(), MessageLimits.NAME);
        List<Integer> groups = selection.groups();
        MessageChecks.check("groups of a selection", groups.size(), out.limits.centroids());
        if (!groups.isEmpty() && groups.get(0) < 0) {
            throw new InvalidMessageException("groups must be 0 or more, was " + groups.get(0));
        }
        out.text("report", checkDigest(selection.reportDigest()), DIGEST);
        out.tensor(GROUPS, Dtype.I32, new int[] {groups.size()}, into -> groups.forEach(into::putInt));
    }

    private static GroupSelection readSelection(FieldReader in) {
        String run = in.name("run");
        int round = in.positive("round");
        ClientId client = new ClientId(in.name("client"));
        StoredTensor groups = in.tensor(GROUPS, Dtype.I32, 1);
        MessageChecks.check("groups of a selection", groups.size(), in.limits.centroids());
        List<Integer> ids = new ArrayList<>(groups.size());
        for (int i = 0; i < groups.size(); i++) {
            if (groups.intAt(i) < 0 || (i > 0 && groups.intAt(i) <= groups.intAt(i - 1))) {
                throw groups.fault("must be ascending from 0 or more, holds " + groups.intAt(i) + " at " + i);
            }
            ids.add(groups.intAt(i));
        }
        return new GroupSelection(run, round, client, ids, checkDigest(in.text("report", DIGEST)));
    }

    private static String checkDigest(String digest) {
        boolean hexadecimal = digest.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        if (digest.length() != DIGEST || !hexadecimal) {
            throw new InvalidMessageException("a digest must be " + DIGEST + " hexadecimal digits in lower case, was \""
                    + JsonFile.shorten(digest) + "\"");
        }
        return digest;
    }

    private static void writeDigest(String field, String digest, FieldWriter out) {
        if (!digest.isEmpty()) {
            out.text(field, checkDigest(digest), DIGEST);
        }
    }

    private static String readDigest(String field, FieldReader in) {
        return in.has(field) ? checkDigest(in.text(field, DIGEST)) : "";
    }

    private static void write(AdapterUpdate update, FieldWriter out, AdapterPrecision precision) {
        out.name("run", update.runId());
        out.whole("round", update.round(), 1);
        out.text("client", update.client().value(), MessageLimits.NAME);
        out.whole("samples", update.samples(), 1);
        out.number("mean-loss", update.meanLoss());
        write(update.counts(), out);
        writeDigest("selection", update.selectionDigest(), out);
        out.adapter(update.adapter(), precision);
    }

    private static AdapterUpdate readUpdate(FieldReader in) {
        return new AdapterUpdate(
                in.name("run"),
                in.positive("round"),
                new ClientId(in.name("client")),
                in.adapter(),
                in.positive("samples"),
                in.number("mean-loss"),
                readCounts(in),
                readDigest("selection", in));
    }

    private static void write(TrainingCounts counts, FieldWriter out) {
        out.whole("skipped-non-finite", counts.skippedNonFinite(), 0);
        out.whole("skipped-too-long", counts.skippedTooLong(), 0);
        out.whole("cut-prompts", counts.cutPrompts(), 0);
    }

    private static TrainingCounts readCounts(FieldReader in) {
        return new TrainingCounts(
                in.count("skipped-non-finite"), in.count("skipped-too-long"), in.count("cut-prompts"));
    }

    private static void write(Withdrawal withdrawal, FieldWriter out) {
        out.name("run", withdrawal.runId());
        out.whole("round", withdrawal.round(), 1);
        out.text("client", withdrawal.client().value(), MessageLimits.NAME);
        out.text("refusal", withdrawal.refusal().code(), MessageLimits.NAME);
        out.text("reason", withdrawal.reason(), out.limits.text());
        write(withdrawal.counts(), out);
    }

    private static Withdrawal readWithdrawal(FieldReader in) {
        return new Withdrawal(
                in.name("run"),
                in.positive("round"),
                new ClientId(in.name("client")),
                new Refusal(in.text("refusal", MessageLimits.NAME)),
                in.text("reason", in.limits.text()),
                readCounts(in));
    }

    private static void write(Receipt receipt, FieldWriter out) {
        out.text("run", receipt.runId(), MessageLimits.NAME);
        out.whole("round", receipt.round(), Integer.MIN_VALUE); // that of the message, whatever it was
        receipt.party().ifPresent(client -> out.text("client", client.value(), MessageLimits.NAME));
        receipt.answers().ifPresent(answered -> out.text("answers", name(answered), MessageLimits.NAME));
        out.text("status", name(receipt.status()), MessageLimits.NAME);
        receipt.refusal().ifPresent(refusal -> out.text("refusal", refusal.code(), MessageLimits.NAME));
        out.text("reason", receipt.reason(), out.limits.text());
    }

    private static Receipt readReceipt(FieldReader in) {
        String run = in.text("run", MessageLimits.NAME);
        int round = (int) in.whole("round", Integer.MIN_VALUE, Integer.MAX_VALUE);
        Optional<ClientId> client = in.has("client") ? Optional.of(new ClientId(in.name("client"))) : Optional.empty();
        Optional<MessageKind> answers =
                in.has("answers") ? Optional.of(constant(in, "answers", MessageKind.values())) : Optional.empty();
        Receipt.Status status = constant(in, "status", Receipt.Status.values());
        Optional<Refusal> refusal = status == Receipt.Status.REFUSED
                ? Optional.of(new Refusal(in.text("refusal", MessageLimits.NAME)))
                : Optional.empty();
        return new Receipt(run, round, client, answers, status, refusal, in.text("reason", in.limits.text()));
    }

    private static <E extends Enum<E>> E constant(FieldReader in, String field, E[] all) {
        String text = in.text(field, MessageLimits.NAME);
        for (E constant : all) {
            if (name(constant).equals(text)) {
                return constant;
            }
        }
        throw new InvalidMessageException(field + " must be one of "
                + Arrays.stream(all).map(MessageForms::name).collect(Collectors.joining(", ")) + "; was \"" + text
                + "\"");
    }

    /** A constant as it is written: lower case, words joined by a hyphen. */
    static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
