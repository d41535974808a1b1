package io.github.fedhds.codec;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.internal.json.JsonFile;
import io.github.fedhds.internal.safetensors.Dtype;
import io.github.fedhds.message.MessageLimits;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The fields of a message that is read; each is taken once, and none may be left. */
final class FieldReader {
    final MessageLimits limits;
    private final Map<String, String> texts;
    private final Map<String, StoredTensor> tensors = new TreeMap<>();
    private final AdapterTensors adapter = new AdapterTensors();

    FieldReader(MessageLimits limits, Map<String, String> texts) {
        this.limits = limits;
        this.texts = new TreeMap<>(texts);
    }

    /** Takes the next tensor of the bytes over. */
    void add(String name, StoredTensor tensor) {
        if (AdapterTensors.isOne(name)) {
            adapter.read(name, tensor);
        } else {
            tensors.put(name, tensor);
        }
    }

    String text(String field, int most) {
        String text = texts.remove(field);
        if (text == null) {
            throw new InvalidMessageException("field " + field + " is missing");
        }
        return MessageChecks.checkText(field, text, most);
    }

    String name(String field) {
        return MessageChecks.checkName(field, text(field, MessageLimits.NAME));
    }

    long whole(String field, long least, long most) {
        String text = text(field, 20);
        try {
            long value = Long.parseLong(text);
            if (Long.toString(value).equals(text) && value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new InvalidMessageException(wholeRule(field, least, most, text), e);
        }
        throw new InvalidMessageException(wholeRule(field, least, most, text));
    }

    private static String wholeRule(String field, long least, long most, String was) {
        return field + " must be a whole number from " + least + " to " + most + ", was \"" + was + "\"";
    }

    boolean has(String field) {
        return texts.containsKey(field);
    }

    int count(String field) {
        return (int) whole(field, 0, Integer.MAX_VALUE);
    }

    int positive(String field) {
        return (int) whole(field, 1, Integer.MAX_VALUE);
    }

    double number(String field) {
        String text = text(field, 32);
        try {
            double value = Double.parseDouble(text);
            if (Double.toHexString(value).equals(text)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new InvalidMessageException(numberRule(field, text), e);
        }
        throw new InvalidMessageException(numberRule(field, text));
    }

    private static String numberRule(String field, String was) {
        return field + " must be a number in hexadecimal, as 0x1.8p0, or NaN; was \"" + was + "\"";
    }

    /** The rest of the names of all fields that begin so, with their texts. */
    Map<String, String> beginningWith(String prefix, int most) {
        Map<String, String> found = new TreeMap<>();
        for (String field : List.copyOf(texts.keySet())) {
            if (field.startsWith(prefix)) {
                String name =
                        MessageChecks.checkName("the name of a " + prefix + "field", field.substring(prefix.length()));
                found.put(name, text(field, most));
            }
        }
        return found;
    }

    StoredTensor tensor(String name, Dtype dtype, int axes) {
        StoredTensor tensor = tensors.remove(name);
        if (tensor == null) {
            throw new InvalidMessageException("tensor " + name + " is missing");
        }
        return tensor.expect(dtype, axes);
    }

    Adapter adapter() {
        return adapter.adapter();
    }

    void end() {
        if (!texts.isEmpty() || !tensors.isEmpty()) {
            throw new InvalidMessageException("field "
                    + JsonFile.shorten((texts.isEmpty() ? tensors : texts)
                            .keySet()
                            .iterator()
                            .next())
                    + " does not belong into a message of this kind and version");
        }
    }
}
