package io.github.fedhds.internal.gguf;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The metadata and the list of tensors of a GGUF file. Every rule of the format is checked before anything is allocated
 * that a length in the file asks for.
 *
 * @param metadata values by key; strings, numbers, booleans, and arrays of these
 * @param spans where type and value of each key are: position of the first byte and of the one after the last
 * @param tensors tensors by name, in the order of the file
 */
record GgufHeader(JsonObject metadata, Map<String, long[]> spans, Map<String, GgufTensor> tensors) {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int MAX_KEY = 65_535;
    private static final int MAX_TENSOR_NAME = 63;
    private static final int MAX_AXES = 4;
    private static final String ALIGNMENT = "general.alignment";
    private static final long DEFAULT_ALIGNMENT = 32;

    /** Fewest bytes of a key with its value, and of a tensor's entry. */
    private static final int LEAST_PAIR = 13;

    private static final int LEAST_TENSOR = 24;

    /** Types of metadata values. */
    private static final int UINT32 = 4;

    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Bytes of a value by type; a string has at least its length, an array its type and length. */
    private static final int[] LEAST_VALUE = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

    /**
     * Reads the header from the start of a file.
     *
     * @throws IllegalArgumentException if a rule of the format is broken; the message names the rule
     * @throws IOException if the file cannot be read
     */
    static GgufHeader read(GgufBytes in) throws IOException {
        if (in.left() < 24) {
            throw new IllegalArgumentException("a GGUF file has 24 bytes or more, was " + in.left());
        }
        int magic = in.int32();
        if (magic != MAGIC) {
            throw new IllegalArgumentException(
                    "a GGUF file begins with \"GGUF\", was 0x" + Integer.toHexString(Integer.reverseBytes(magic)));
        }
        int version = in.int32();
        if ((version & 0xffff) == 0) {
            throw new IllegalArgumentException("the file is big-endian; only little-endian files are supported");
        }
        if (version != 2 && version != 3) {
            throw new IllegalArgumentException(
                    "the version is " + Integer.toUnsignedString(version) + "; supported: 2 and 3");
        }
        long tensorCount = count(in, "the number of tensors", LEAST_TENSOR);
        long keyCount = count(in, "the number of metadata keys", LEAST_PAIR);
        JsonObject metadata = new JsonObject();
        Map<String, long[]> spans = new HashMap<>();
        for (long i = 0; i < keyCount; i++) {
            String key = in.string("key " + i + " of the metadata", MAX_KEY);
            if (key.isEmpty()) {
                throw new IllegalArgumentException("key " + i + " of the metadata is empty");
            }
            if (metadata.has(key)) {
                throw new IllegalArgumentException("the metadata has " + key + " twice");
            }
            long start = in.position();
            int type = in.int32();
            if (key.equals(ALIGNMENT) && type != UINT32) {
                throw new IllegalArgumentException(ALIGNMENT + " must be of type 4 (uint32), was " + type);
            }
            metadata.add(key, value(in, key, type));
            spans.put(key, new long[] {start, in.position()});
        }
        return new GgufHeader(metadata, spans, tensors(in, tensorCount, alignment(metadata)));
    }

    private static long count(GgufBytes in, String what, int least) throws IOException {
        long count = in.int64();
        if (count < 0 || count > in.left() / least) {
            throw new IllegalArgumentException(what + " must be 0 to " + in.left() / least
                    + ", which fit into the rest of the file, was " + Long.toUnsignedString(count));
        }
        return count;
    }

    private static JsonElement value(GgufBytes in, String key, int type) throws IOException {
        if (type != ARRAY) {
            return scalar(in, key, type);
        }
        int element = in.int32();
        if (element == ARRAY) {
            throw new IllegalArgumentException(key + " is an array of arrays, which is not supported");
        }
        checkType(key, element);
        long length = in.int64();
        long most = Math.min(in.left() / LEAST_VALUE[element], GgufBytes.MAX_ELEMENTS);
        if (length < 0 || length > most) {
            throw new IllegalArgumentException(
                    key + " must have 0 to " + most + " elements, was " + Long.toUnsignedString(length));
        }
        JsonArray array = new JsonArray();
        for (long i = 0; i < length; i++) {
            array.add(scalar(in, key, element));
        }
        return array;
    }

    private static void checkType(String key, int type) {
        if (type < 0 || type >= LEAST_VALUE.length) {
            throw new IllegalArgumentException(
                    key + " has the unknown type " + Integer.toUnsignedString(type) + "; known: 0 to 12");
        }
    }

    private static JsonPrimitive scalar(GgufBytes in, String key, int type) throws IOException {
        checkType(key, type);
        return switch (type) {
            case 0 -> new JsonPrimitive(in.int8() & 0xff);
            case 1 -> new JsonPrimitive((int) in.int8());
            case 2 -> new JsonPrimitive(in.int16() & 0xffff);
            case 3 -> new JsonPrimitive((int) in.int16());
            case UINT32 -> new JsonPrimitive(in.int32() & 0xffffffffL);
            case 5 -> new JsonPrimitive(in.int32());
            case 6 -> new JsonPrimitive(Float.intBitsToFloat(in.int32()));
            case BOOL -> bool(in.int8(), key);
            case STRING -> new JsonPrimitive(in.string(key, GgufBytes.MAX_STRING));
            case 12 -> new JsonPrimitive(Double.longBitsToDouble(in.int64()));
            default -> whole(in.int64(), key, type == 10);
        };
    }

    private static JsonPrimitive bool(byte value, String key) {
        if (value != 0 && value != 1) {
            throw new IllegalArgumentException(key + " must be 0 or 1, as a boolean, was " + value);
        }
        return new JsonPrimitive(value == 1);
    }

    private static JsonPrimitive whole(long value, String key, boolean unsigned) {
        if (unsigned && value < 0) {
            throw new IllegalArgumentException(key + " must be below 2^63, was " + Long.toUnsignedString(value));
        }
        return new JsonPrimitive(value);
    }

    private static long alignment(JsonObject metadata) {
        long alignment = metadata.has(ALIGNMENT) ? metadata.get(ALIGNMENT).getAsLong() : DEFAULT_ALIGNMENT;
        if (Long.bitCount(alignment) != 1) {
            throw new IllegalArgumentException(ALIGNMENT + " must be a power of two, was " + alignment);
        }
        return alignment;
    }

    /** The entries of the tensors, which lie one after the other, each padded to the alignment. */
    private static Map<String, GgufTensor> tensors(GgufBytes in, long count, long alignment) throws IOException {
        Map<String, GgufTensor> relative = new LinkedHashMap<>();
        long end = 0;
        for (long i = 0; i < count; i++) {
            String name = in.string("the name of tensor " + i, MAX_TENSOR_NAME);
            if (name.isEmpty()) {
                throw new IllegalArgumentException("the name of tensor " + i + " is empty");
            }
            try {
                GgufTensor tensor = tensor(in, padded(end, alignment));
                if (relative.put(name, tensor) != null) {
                    throw new IllegalArgumentException("it is there twice");
                }
                end = Math.addExact(tensor.start(), tensor.bytes());
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new IllegalArgumentException("tensor " + name + ": " + e.getMessage(), e);
            }
        }
        long dataStart = padded(in.position(), alignment);
        if (count > 0 && end > in.size() - dataStart) {
            throw new IllegalArgumentException("the tensors have " + end + " bytes from " + dataStart
                    + " on, but the file has only " + in.size() + "; was it cut off?");
        }
        relative.replaceAll((name, tensor) -> tensor.at(dataStart + tensor.start()));
        return Collections.unmodifiableMap(relative);
    }

    private static long padded(long position, long alignment) {
        return Math.addExact(position, alignment - 1) & -alignment;
    }

    private static GgufTensor tensor(GgufBytes in, long expected) throws IOException {
        int axes = in.int32();
        if (axes < 1 || axes > MAX_AXES) {
            throw new IllegalArgumentException(
                    "it must have 1 to " + MAX_AXES + " axes, was " + Integer.toUnsignedString(axes));
        }
        int[] shape = new int[axes];
        long elements = 1;
        for (int axis = axes - 1; axis >= 0; axis--) { // the first axis of the file is the last one of the shape
            long length = in.int64();
            if (length < 1 || length > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("the length of axis " + axis + " must be 1 to " + Integer.MAX_VALUE
                        + ", was " + Long.toUnsignedString(length));
            }
            shape[axis] = (int) length;
            elements = Math.multiplyExact(elements, length);
        }
        GgufType type = GgufType.of(in.int32());
        int row = shape[axes - 1];
        if (row % type.elements() != 0) {
            throw new IllegalArgumentException(
                    "a row has " + row + " elements; " + type + " needs a multiple of " + type.elements());
        }
        long bytes = Math.multiplyExact(elements / type.elements(), (long) type.bytes());
        long start = in.int64();
        if (start != expected) {
            throw new IllegalArgumentException("its offset must be " + expected
                    + ", where the tensor before it ends, was " + Long.toUnsignedString(start));
        }
        return new GgufTensor(type, shape, start, bytes);
    }
}
