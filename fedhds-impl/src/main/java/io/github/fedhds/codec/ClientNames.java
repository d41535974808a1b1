package io.github.fedhds.codec;

import io.github.fedhds.message.MessageLimits;
import io.github.fedhds.round.ClientId;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Clients in a message: their ids in UTF-8, separated by line feeds, which no id contains. */
final class ClientNames {
    private static final int LONGEST = 4 * MessageLimits.NAME;
    private static final int MEAN = 64; // mean bytes per id

    private ClientNames() {}

    static byte[] write(List<ClientId> clients, int most) {
        MessageChecks.check("clients of a message", clients.size(), most);
        String text = clients.stream().map(ClientId::value).collect(Collectors.joining("\n"));
        byte[] bytes =
                MessageChecks.checkText("clients", text, Integer.MAX_VALUE).getBytes(StandardCharsets.UTF_8);
        checkBytes(bytes.length, most);
        return bytes;
    }

    /** As objects, long ids need several times their bytes. */
    private static void checkBytes(int bytes, int most) {
        MessageChecks.check("bytes of the ids of a message's clients", bytes, LONGEST + (long) MEAN * most);
    }

    static List<ClientId> read(StoredTensor names, int most) {
        int size = names.size();
        if (size == 0) {
            return List.of();
        }
        checkBytes(size, most);
        int count = 1;
        for (int i = 0; i < size; i++) {
            count += names.byteAt(i) == '\n' ? 1 : 0;
        }
        MessageChecks.check("clients of a message", count, most);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer bytes = ByteBuffer.allocate(Math.min(size, LONGEST));
        CharBuffer id = CharBuffer.allocate(MessageLimits.NAME + 1);
        List<ClientId> clients = new ArrayList<>(count);
        for (int i = 0; i <= size; i++) {
            if (i == size || names.byteAt(i) == '\n') {
                clients.add(new ClientId(decoded(decoder, bytes.flip(), id.clear(), clients.size())));
                bytes.clear();
            } else if (bytes.hasRemaining()) {
                bytes.put(names.byteAt(i));
            } else {
                throw new InvalidMessageException(
                        "the id of client " + clients.size() + " has more than " + MessageLimits.NAME + " characters");
            }
        }
        return clients;
    }

    private static String decoded(CharsetDecoder decoder, ByteBuffer bytes, CharBuffer into, int number) {
        try {
            decoder.reset();
            if (decoder.decode(bytes, into, true).isError()) {
                throw new CharacterCodingException();
            }
        } catch (CharacterCodingException e) {
            throw new InvalidMessageException("the id of client " + number + " is not UTF-8", e);
        }
        if (bytes.hasRemaining()) { // an overflow is not an error
            throw new InvalidMessageException(
                    "the id of client " + number + " has more than " + MessageLimits.NAME + " characters");
        }
        return into.flip().toString();
    }
}
