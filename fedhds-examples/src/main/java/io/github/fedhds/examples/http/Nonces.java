package io.github.fedhds.examples.http;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Refuses a request that was recorded and is sent again: each has a time, which must be near the server's, and a nonce, which is
 * remembered as long as its time would be accepted. Safe for many threads.
 */
final class Nonces {
    /** Seconds that the clocks of server and client may differ. */
    static final long WINDOW = 300;

    /** Nonces of a client at a time; a client that polls ten times a second has fewer. */
    private static final int MOST = 10_000;

    private static final int LONGEST = 64;

    private final LongSupplier clock;
    private final Map<String, LinkedHashMap<String, Long>> byClient = new HashMap<>();

    /** @param clock seconds since 1970 */
    Nonces(LongSupplier clock) {
        this.clock = clock;
    }

    /** @throws HttpRefusal if the time is too far away, or the nonce is missing, too long, or was used before */
    synchronized void check(String client, String nonce, String time) throws HttpRefusal {
        long now = clock.getAsLong();
        long sent;
        try {
            sent = Long.parseLong(time);
        } catch (NumberFormatException e) {
            throw new HttpRefusal(Protocol.BAD_REQUEST, Protocol.TIME_HEADER + " must be seconds since 1970");
        }
        if (sent < now - WINDOW || sent > now + WINDOW) {
            throw new HttpRefusal(
                    Protocol.REPLAYED,
                    "the request is of another time: its clock and the server's differ by more than " + WINDOW
                            + " seconds; the server's is " + now);
        }
        if (nonce.isEmpty() || nonce.length() > LONGEST) {
            throw new HttpRefusal(
                    Protocol.BAD_REQUEST, Protocol.NONCE_HEADER + " must have 1 to " + LONGEST + " characters");
        }
        LinkedHashMap<String, Long> seen = byClient.computeIfAbsent(client, c -> new LinkedHashMap<>());
        Iterator<Long> oldest = seen.values().iterator();
        while (oldest.hasNext() && oldest.next() < now) {
            oldest.remove();
        }
        if (seen.containsKey(nonce)) {
            throw new HttpRefusal(Protocol.REPLAYED, "the request was sent before; each needs another nonce");
        }
        if (seen.size() >= MOST) {
            throw new HttpRefusal(Protocol.TOO_MANY, "too many requests; ask less often");
        }
        seen.put(nonce, now + 2 * WINDOW); // sent may be later than now
    }
}
