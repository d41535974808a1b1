package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.json.Texts;
import io.github.fedhds.message.Centroid;
import io.github.fedhds.message.Frame;
import io.github.fedhds.message.Message;
import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * The fields of one message, declared once for both directions: {@link FieldWriter} writes each value of the message,
 * {@link FieldReader} reads it from the bytes. Both check the value and return it.
 */
abstract class Fields<M extends Message> {
    private static final int DIGEST = 64;

    final MessageLimits limits;

    Fields(MessageLimits limits) {
        this.limits = limits;
    }

    /** Whether an optional field is present. */
    abstract boolean has(String field, Predicate<M> given);

    /** A field's text, not yet checked. */
    abstract String unchecked(String field, Function<M, String> value);

    /** Texts by name, each in a separate field whose name begins with the prefix. */
    abstract Map<String, String> texts(String prefix, Function<M, Map<String, String>> values);

    abstract Adapter adapter(Function<M, Adapter> value);

    abstract List<ClientId> clients(Function<M, List<ClientId>> value);

    /** Bytes by client. */
    abstract Map<ClientId, byte[]> parts(Function<M, Map<ClientId, byte[]>> value);

    abstract List<Integer> groups(Function<M, List<Integer>> value);

    abstract List<Centroid> centroids(Function<M, List<Centroid>> value);

    abstract Frame.Axes axes(Function<M, Frame.Axes> value);

    String text(String field, int most, Function<M, String> value) {
        return MessageChecks.checkText(field, unchecked(field, value), most);
    }

    String shortText(String field, Function<M, String> value) {
        return text(field, MessageLimits.NAME, value);
    }

    String name(String field, Function<M, String> value) {
        return MessageChecks.checkName(field, shortText(field, value));
    }

    String run() {
        return name("run", Message::runId);
    }

    int round() {
        return positive("round", Message::round);
    }

    ClientId client() {
        return new ClientId(
                name("client", message -> message.party().orElseThrow().value()));
    }

    long whole(String field, long least, long most, ToLongFunction<M> value) {
        String text = text(field, 20, message -> Long.toString(value.applyAsLong(message)));
        return Texts.wholeNumber(field, text, least, most);
    }

    int positive(String field, ToLongFunction<M> value) {
        return (int) whole(field, 1, Integer.MAX_VALUE, value);
    }

    int count(String field, ToLongFunction<M> value) {
        return (int) whole(field, 0, Integer.MAX_VALUE, value);
    }

    /** In hexadecimal, which is exact on every machine and JDK. */
    double number(String field, ToDoubleFunction<M> value) {
        String text = text(field, 32, message -> Double.toHexString(value.applyAsDouble(message)));
        try {
            double number = Double.parseDouble(text);
            if (Double.toHexString(number).equals(text)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new InvalidMessageException(
                field + " must be a number in hexadecimal, as 0x1.8p0, or NaN; was \"" + text + "\"");
    }

    String digest(String field, Function<M, String> value) {
        String digest = text(field, DIGEST, value);
        boolean hexadecimal = digest.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        if (digest.length() != DIGEST || !hexadecimal) {
            throw new InvalidMessageException("a digest must be " + DIGEST + " hexadecimal digits in lower case, was \""
                    + JsonFile.shorten(digest) + "\"");
        }
        return digest;
    }

    /** A digest; the field is omitted if it is empty. */
    String givenDigest(String field, Function<M, String> value) {
        return has(field, message -> !value.apply(message).isEmpty()) ? digest(field, value) : "";
    }

    <E extends Enum<E>> E constant(String field, E[] all, Function<M, E> value) {
        String text = shortText(field, message -> MessageForms.name(value.apply(message)));
        return Arrays.stream(all)
                .filter(constant -> MessageForms.name(constant).equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidMessageException(field + " must be one of "
                        + Arrays.stream(all).map(MessageForms::name).collect(Collectors.joining(", ")) + "; was \""
                        + text + "\""));
    }
}
