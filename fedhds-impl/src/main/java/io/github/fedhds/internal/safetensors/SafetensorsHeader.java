package io.github.fedhds.internal.safetensors;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import io.github.fedhds.FedHdsException;
import io.github.fedhds.internal.json.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The validated header of a safetensors file. Reads token by token to a fixed depth, so nesting needs no stack, and
 * memory is a small multiple of the header's size.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">The format</a>
 */
public final class SafetensorsHeader {
    /** Limit of the format. */
    static final long MAX_BYTES = 100_000_000;

    /** The first eight bytes of a pointer file, {@code "version "}, as the length of a header. */
    private static final long GIT_LFS = 0x206e6f6973726576L;

    /** Number of bytes after the header, if it is not known yet. */
    public static final long UNKNOWN = -1;

    public static final int MAX_AXES = 64;
    private static final String METADATA = "__metadata__";

    /** One tensor: the position of its bytes, counted from the end of the header. */
    public record Entry(Dtype dtype, int[] shape, long begin, long end) {}

    private final String file;
    private final int maxTensors;
    private final int maxMetadata;
    private final SortedMap<String, Entry> entries = new TreeMap<>();
    private final List<Map.Entry<String, Entry>> inFileOrder = new ArrayList<>();
    private final Map<String, String> metadata = new TreeMap<>();
    private final long[] numbers = new long[MAX_AXES];

    private SafetensorsHeader(String file, int maxTensors, int maxMetadata) {
        this.file = file;
        this.maxTensors = maxTensors;
        this.maxMetadata = maxMetadata;
    }

    SortedMap<String, Entry> entries() {
        return Collections.unmodifiableSortedMap(entries);
    }

    /** The entries in the order of their bytes. */
    public List<Map.Entry<String, Entry>> inFileOrder() {
        return Collections.unmodifiableList(inFileOrder);
    }

    /** Number of bytes after the header, from the entries. */
    public long dataBytes() {
        return inFileOrder.isEmpty()
                ? 0
                : inFileOrder.get(inFileOrder.size() - 1).getValue().end();
    }

    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** Checks the 8 bytes before the header; returns the header's length. */
    static int checkLength(String file, long length, long fileBytes) {
        if (length == GIT_LFS) {
            throw fault(file, "this is a pointer of Git LFS, not the file itself; fetch it with git lfs pull");
        }
        if (length < 0 || length > MAX_BYTES) {
            throw fault(
                    file,
                    "the header says to have " + Long.toUnsignedString(length) + " bytes, the format allows "
                            + MAX_BYTES);
        }
        if (length > fileBytes - 8) {
            throw fault(
                    file,
                    "the header says to have " + length + " bytes, the file has " + (fileBytes - 8)
                            + " after the length; was it cut off?");
        }
        if (length < 2) {
            throw fault(file, "the header has " + length + " bytes, too few for a JSON object");
        }
        return (int) length;
    }

    /**
     * Reads and checks a header.
     *
     * @param file name for messages
     * @param bytes only the header
     * @param dataBytes number of bytes after it
     */
    public static SafetensorsHeader parse(String file, ByteBuffer bytes, long dataBytes) {
        return parse(file, bytes, dataBytes, Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /**
     * The same with limits, checked while it is read.
     *
     * @param dataBytes number of bytes after it, or {@link #UNKNOWN}
     */
    public static SafetensorsHeader parse(
            String file, ByteBuffer bytes, long dataBytes, int maxTensors, int maxMetadata) {
        SafetensorsHeader header = new SafetensorsHeader(file, maxTensors, maxMetadata);
        if (bytes.get(bytes.position()) != '{') {
            throw fault(file, "the header must begin with { (is this a safetensors file?)");
        }
        try (JsonReader json = new JsonReader(utf8(bytes))) {
            json.setStrictness(Strictness.STRICT);
            header.readAll(json);
        } catch (CharacterCodingException e) {
            throw new FedHdsException(file + ": the header is not UTF-8", e);
        } catch (MalformedJsonException | EOFException | NumberFormatException e) {
            throw new FedHdsException(file + ": the header is not valid JSON" + JsonFile.place(e), e);
        } catch (IOException | IllegalStateException e) {
            throw new FedHdsException(file + ": the header cannot be read" + JsonFile.place(e), e);
        }
        header.checkRanges(dataBytes);
        return header;
    }

    /** Decodes while reading, without a text as long as the header. */
    private static Reader utf8(ByteBuffer bytes) {
        ByteBuffer heap = bytes;
        if (!bytes.hasArray()) {
            heap = ByteBuffer.allocate(bytes.remaining());
            heap.put(bytes.duplicate()).flip();
        }
        return new InputStreamReader(
                new ByteArrayInputStream(heap.array(), heap.arrayOffset() + heap.position(), heap.remaining()),
                StandardCharsets.UTF_8.newDecoder());
    }

    static FedHdsException fault(String file, String rule) {
        return new FedHdsException(file + ": " + rule);
    }

    private FedHdsException fault(String tensor, String rule, @Nullable Object was) {
        return fault(file, "tensor " + JsonFile.shorten(tensor) + ": " + rule + (was == null ? "" : ", was " + was));
    }

    private void readAll(JsonReader json) throws IOException {
        boolean metadataSeen = false;
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (name.equals(METADATA)) {
                if (metadataSeen) {
                    throw fault(file, METADATA + " stands twice in the header");
                }
                metadataSeen = true;
                readMetadata(json);
            } else if (entries.containsKey(name)) {
                throw fault(name, "stands twice in the header", null);
            } else if (entries.size() == maxTensors) {
                throw fault(file, "the header names more than " + maxTensors + " tensors");
            } else {
                entries.put(name, readEntry(name, json));
            }
        }
        json.endObject();
        if (json.peek() != JsonToken.END_DOCUMENT) { // in strict mode peek throws if anything follows
            throw fault(file, "something follows the header's JSON object");
        }
    }

    private void readMetadata(JsonReader json) throws IOException {
        expect(METADATA, "", json, JsonToken.BEGIN_OBJECT);
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            if (metadata.size() == maxMetadata) {
                throw fault(file, METADATA + " has more than " + maxMetadata + " fields");
            }
            expect(METADATA, key, json, JsonToken.STRING);
            if (metadata.put(key, json.nextString()) != null) {
                throw fault(file, METADATA + " names " + JsonFile.shorten(key) + " twice");
            }
        }
        json.endObject();
    }

    /** The name has two parts, which are joined only for an error. */
    private void expect(String what, String name, JsonReader json, JsonToken wanted) throws IOException {
        JsonToken token = json.peek();
        if (token != wanted) {
            throw fault(
                    file,
                    JsonFile.shorten(what + (name.isEmpty() ? "" : " ") + name) + " must be " + words(wanted) + ", was "
                            + words(token));
        }
    }

    /** The name of a JSON token in messages. */
    private static String words(JsonToken token) {
        return switch (token) {
            case BEGIN_OBJECT -> "a JSON object";
            case BEGIN_ARRAY -> "a list";
            case STRING -> "a text";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            case NULL -> "null";
            case NAME, END_OBJECT, END_ARRAY, END_DOCUMENT -> "nothing";
        };
    }

    private Entry readEntry(String name, JsonReader json) throws IOException {
        expect("tensor", name, json, JsonToken.BEGIN_OBJECT);
        Dtype dtype = null;
        int[] shape = null;
        long[] offsets = null;
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            if (key.equals("dtype") && dtype == null) {
                expect("dtype of tensor", name, json, JsonToken.STRING);
                dtype = readDtype(name, json.nextString());
            } else if (key.equals("shape") && shape == null) {
                shape = readShape(name, json);
            } else if (key.equals("data_offsets") && offsets == null) {
                int count = readNumbers(name, key, json, 2);
                if (count != 2) {
                    throw fault(name, "data_offsets must be two numbers", numbers(count));
                }
                offsets = new long[] {numbers[0], numbers[1]};
            } else {
                throw fault(
                        name, "has dtype, shape and data_offsets, each once and nothing else", JsonFile.shorten(key));
            }
        }
        json.endObject();
        if (dtype == null || shape == null || offsets == null) {
            String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
            throw fault(name, missing + " is missing", null);
        }
        return checked(name, new Entry(dtype, shape, offsets[0], offsets[1]));
    }

    private Dtype readDtype(String name, String text) {
        try {
            return Dtype.valueOf(text);
        } catch (IllegalArgumentException e) {
            throw fault(name, "dtype must be one of " + Arrays.toString(Dtype.values()), JsonFile.shorten(text));
        }
    }

    private int[] readShape(String name, JsonReader json) throws IOException {
        int axes = readNumbers(name, "shape", json, MAX_AXES);
        int[] shape = new int[axes];
        for (int i = 0; i < axes; i++) {
            if (numbers[i] > Integer.MAX_VALUE) {
                throw fault(name, "an axis may be " + Integer.MAX_VALUE + " long", numbers(axes));
            }
            shape[i] = (int) numbers[i];
        }
        return shape;
    }

    private String numbers(int count) {
        return Arrays.toString(Arrays.copyOf(numbers, count));
    }

    /** Reads into {@link #numbers}; returns their count. */
    private int readNumbers(String name, String key, JsonReader json, int most) throws IOException {
        if (json.peek() != JsonToken.BEGIN_ARRAY) {
            expect(key + " of tensor", name, json, JsonToken.BEGIN_ARRAY);
        }
        int count = 0;
        json.beginArray();
        while (json.hasNext()) {
            if (count == most) {
                throw fault(name, key + " has more than " + most + " numbers", null);
            }
            if (json.peek() != JsonToken.NUMBER) {
                expect(key + " of tensor", name, json, JsonToken.NUMBER);
            }
            numbers[count++] = wholeNumber(name, key, json.nextString());
        }
        json.endArray();
        return count;
    }

    private long wholeNumber(String name, String key, String digits) {
        boolean whole = digits.length() <= 18;
        for (int i = 0; whole && i < digits.length(); i++) {
            whole = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
        }
        if (!whole) {
            throw fault(name, key + " holds whole numbers from 0 to 10^18", JsonFile.shorten(digits));
        }
        return Long.parseLong(digits);
    }

    private Entry checked(String name, Entry entry) {
        long size = entry.dtype().bytes();
        for (int length : entry.shape()) {
            if (length > 0 && size > Long.MAX_VALUE / length) {
                throw fault(name, "its shape overflows", Arrays.toString(entry.shape()));
            }
            size *= length;
        }
        if (entry.end() - entry.begin() != size) {
            throw fault(
                    name,
                    "shape " + Arrays.toString(entry.shape()) + " of " + entry.dtype() + " has " + size
                            + " bytes, data_offsets span " + (entry.end() - entry.begin()),
                    null);
        }
        return entry;
    }

    private void checkRanges(long dataBytes) {
        inFileOrder.addAll(entries.entrySet());
        inFileOrder.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long next = 0;
        for (Map.Entry<String, Entry> named : inFileOrder) {
            Entry entry = named.getValue();
            if (entry.begin() != next) {
                throw fault(
                        named.getKey(),
                        "data_offsets must join without hole or overlap; its bytes should begin at " + next,
                        entry.begin());
            }
            if (dataBytes != UNKNOWN && entry.end() > dataBytes) {
                throw fault(
                        named.getKey(),
                        "its bytes end at " + entry.end() + ", the file has " + dataBytes
                                + " after the header; was it cut off?",
                        null);
            }
            next = entry.end();
        }
        if (dataBytes != UNKNOWN && next != dataBytes) {
            throw fault(file, (dataBytes - next) + " bytes after the last tensor belong to none");
        }
    }
}
