package io.github.fedhds.examples.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NoncesTest {
    private final AtomicLong now = new AtomicLong(1_000_000);
    private final Nonces nonces = new Nonces(now::get);

    private int status(String client, String nonce, long sent) {
        return assertThrows(HttpRefusal.class, () -> nonces.check(client, nonce, String.valueOf(sent)))
                .status();
    }

    @Test
    void aNonce_isRefusedAsLongAsItsTimeIsAccepted() throws HttpRefusal {
        long sent = now.get() + Nonces.WINDOW; // of a clock that is fast
        nonces.check("a", "n", String.valueOf(sent));
        for (long later = 0; later <= 2 * Nonces.WINDOW; later += 50) {
            now.set(1_000_000 + later);
            assertEquals(409, status("a", "n", sent), "after " + later);
        }
        now.set(1_000_000 + 2 * Nonces.WINDOW + 1);
        assertEquals(409, status("a", "n", sent), "its time is over");
        nonces.check("a", "n", String.valueOf(now.get()));
    }

    @Test
    void clients_haveTheirOwnNonces() throws HttpRefusal {
        nonces.check("a", "n", String.valueOf(now.get()));
        nonces.check("b", "n", String.valueOf(now.get()));
        assertEquals(409, status("a", "n", now.get()));
    }

    @Test
    void tooManyOfAClient_areRefused_untilTheOldOnesAreOver() throws HttpRefusal {
        for (int i = 0; i < 10_000; i++) {
            nonces.check("a", "n" + i, String.valueOf(now.get()));
        }
        assertEquals(429, status("a", "more", now.get()));
        now.addAndGet(2 * Nonces.WINDOW + 1);
        nonces.check("a", "more", String.valueOf(now.get()));
    }
}
