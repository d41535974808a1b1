package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.message.AdapterUpdate;
import io.github.fedhds.message.CentroidReport;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.GroupSelection;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageKey;
import io.github.fedhds.message.MessageKind;
import io.github.fedhds.message.Receipt;
import io.github.fedhds.message.Refusal;
import io.github.fedhds.message.RoundOpening;
import io.github.fedhds.message.SumPart;
import io.github.fedhds.message.Withdrawal;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.training.TrainingCounts;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The fields of each kind of message, version 1. Each kind is declared once, for reading and writing. */
final class MessageForms {
    static final String CLIENTS = "clients";
    static final String LENGTHS = "lengths";
    static final String PARTS = "parts";
    static final String GROUPS = "groups";
    static final String POINTS = "points";
    static final String FRAME_MEAN = "frame.mean";
    static final String FRAME_AXES = "frame.axes";

    private MessageForms() {}

    /** Reads or writes all fields of a message; returns the message. */
    @SuppressWarnings("unchecked") // a writer's message is of this kind; a reader has none
    static Message message(MessageKind kind, Fields<?> fields) {
        return switch (kind) {
            case OPENING -> opening((Fields<RoundOpening>) fields);
            case CENTROIDS -> centroids((Fields<CentroidReport>) fields);
            case SELECTION -> selection((Fields<GroupSelection>) fields);
            case UPDATE -> update((Fields<AdapterUpdate>) fields);
            case KEYS, KEY_LIST, SHARES, SHARE_LIST, MASKED_UPDATE, SURVIVORS, REVEALED_SHARES ->
                sumPart(kind, (Fields<SumPart>) fields);
            case WITHDRAWAL -> withdrawal((Fields<Withdrawal>) fields);
            case RECEIPT -> receipt((Fields<Receipt>) fields);
        };
    }

    /** Whether a message of this kind may contain a tensor of this name. */
    static boolean mayHold(MessageKind kind, String tensor) {
        return switch (kind) {
            case OPENING ->
                AdapterTensors.isAdapterTensor(tensor)
                        || List.of(CLIENTS, FRAME_MEAN, FRAME_AXES).contains(tensor);
            case CENTROIDS -> List.of(GROUPS, POINTS).contains(tensor);
            case SELECTION -> tensor.equals(GROUPS);
            case UPDATE -> AdapterTensors.isAdapterTensor(tensor);
            case KEYS, KEY_LIST, SHARES, SHARE_LIST, MASKED_UPDATE, SURVIVORS, REVEALED_SHARES ->
                List.of(CLIENTS, LENGTHS, PARTS).contains(tensor);
            case WITHDRAWAL, RECEIPT -> false;
        };
    }

    /**
     * The address of a message whose other fields may be invalid; empty if the address is incomplete or invalid too.
     */
    static Optional<MessageKey> address(Map<String, String> fields) {
        try {
            return Optional.of(new MessageKey(
                    MessageChecks.checkName("run", fields.getOrDefault("run", "")),
                    Integer.parseInt(fields.getOrDefault("round", "")),
                    Optional.ofNullable(fields.get("client")).map(ClientId::new),
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

    private static RoundOpening opening(Fields<RoundOpening> fields) {
        String run = fields.run();
        int round = fields.round();
        long seed = fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE, RoundOpening::seed);
        List<ClientId> clients = fields.clients(RoundOpening::clients);
        Map<String, String> settings = fields.texts("setting.", RoundOpening::settings);
        Map<String, String> agreed = fields.texts("agreed.", RoundOpening::agreedSettings);
        MessageChecks.check("settings of an opening", (long) settings.size() + agreed.size(), fields.limits.settings());
        Adapter adapter = fields.adapter(RoundOpening::globalAdapter);
        return new RoundOpening(run, round, clients, seed, adapter, settings, agreed, frame(fields));
    }

    private static Optional<Frame> frame(Fields<RoundOpening> fields) {
        String form = fields.shortText(
                "frame",
                opening -> opening.frame()
                        .map(frame -> frame instanceof Frame.Signs ? "signs" : "axes")
                        .orElse("none"));
        return switch (form) {
            case "none" -> Optional.empty();
            case "signs" -> {
                Function<RoundOpening, Frame.Signs> signs =
                        opening -> (Frame.Signs) opening.frame().orElseThrow();
                int dimensions = fields.positive(
                        "frame.dimensions", opening -> signs.apply(opening).dimensions());
                MessageChecks.check("axes of a frame", dimensions, fields.limits.dimensions());
                long seed = fields.whole(
                        "frame.seed",
                        Long.MIN_VALUE,
                        Long.MAX_VALUE,
                        opening -> signs.apply(opening).seed());
                yield Optional.of(new Frame.Signs(dimensions, seed));
            }
            case "axes" ->
                Optional.of(fields.axes(opening -> (Frame.Axes) opening.frame().orElseThrow()));
            default ->
                throw new InvalidMessageException(
                        "frame must be none, signs or axes, was \"" + JsonFile.shorten(form) + "\"");
        };
    }

    private static CentroidReport centroids(Fields<CentroidReport> fields) {
        String run = fields.run();
        int round = fields.round();
        ClientId client = fields.client();
        int samples = fields.has("samples", report -> report.samples() > 0)
                ? fields.positive("samples", CentroidReport::samples)
                : 0;
        return new CentroidReport(
                run,
                round,
                client,
                fields.centroids(CentroidReport::centroids),
                samples,
                fields.givenDigest("opening", CentroidReport::openingDigest));
    }

    private static GroupSelection selection(Fields<GroupSelection> fields) {
        return new GroupSelection(
                fields.run(),
                fields.round(),
                fields.client(),
                fields.groups(GroupSelection::groups),
                fields.digest("report", GroupSelection::reportDigest));
    }

    private static AdapterUpdate update(Fields<AdapterUpdate> fields) {
        return new AdapterUpdate(
                fields.run(),
                fields.round(),
                fields.client(),
                fields.adapter(AdapterUpdate::adapter),
                fields.positive("samples", AdapterUpdate::samples),
                fields.number("mean-loss", AdapterUpdate::meanLoss),
                counts(fields, AdapterUpdate::counts),
                fields.givenDigest("selection", AdapterUpdate::selectionDigest));
    }

    private static SumPart sumPart(MessageKind kind, Fields<SumPart> fields) {
        return new SumPart(fields.run(), fields.round(), fields.client(), kind, fields.parts(SumPart::parts));
    }

    private static <M extends Message> TrainingCounts counts(Fields<M> fields, Function<M, TrainingCounts> value) {
        return new TrainingCounts(
                fields.count("skipped-non-finite", m -> value.apply(m).skippedNonFinite()),
                fields.count("skipped-too-long", m -> value.apply(m).skippedTooLong()),
                fields.count("cut-prompts", m -> value.apply(m).cutPrompts()));
    }

    private static Withdrawal withdrawal(Fields<Withdrawal> fields) {
        return new Withdrawal(
                fields.run(),
                fields.round(),
                fields.client(),
                new Refusal(fields.shortText("refusal", m -> m.refusal().code())),
                fields.text("reason", fields.limits.text(), Withdrawal::reason),
                counts(fields, Withdrawal::counts));
    }

    /** Run and round are those of the answered message, even if they are invalid. */
    private static Receipt receipt(Fields<Receipt> fields) {
        String run = fields.shortText("run", Receipt::runId);
        int round = (int) fields.whole("round", Integer.MIN_VALUE, Integer.MAX_VALUE, Receipt::round);
        Optional<ClientId> client =
                fields.has("client", receipt -> receipt.party().isPresent())
                        ? Optional.of(fields.client())
                        : Optional.empty();
        Optional<MessageKind> answers =
                fields.has("answers", receipt -> receipt.answers().isPresent())
                        ? Optional.of(fields.constant(
                                "answers",
                                MessageKind.values(),
                                receipt -> receipt.answers().orElseThrow()))
                        : Optional.empty();
        Receipt.Status status = fields.constant("status", Receipt.Status.values(), Receipt::status);
        Optional<Refusal> refusal = status == Receipt.Status.REFUSED
                ? Optional.of(new Refusal(fields.shortText(
                        "refusal", receipt -> receipt.refusal().orElseThrow().code())))
                : Optional.empty();
        String reason = fields.text("reason", fields.limits.text(), Receipt::reason);
        return new Receipt(run, round, client, answers, status, refusal, reason);
    }

    /** The text form of a constant: lower case, words joined by a hyphen. */
    static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
