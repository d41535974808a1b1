package io.github.fedhds.secure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.fedhds.round.ClientId;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The sum is exact whoever is missing, down to the threshold; below it there is none. */
class SecureSumTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    private static SumSettings settings(int clients, int degree, int threshold, int length) {
        List<ClientId> ids = IntStream.range(0, clients)
                .mapToObj(i -> new ClientId("client-" + i))
                .toList();
        double share = (double) threshold / Math.min(clients - 1, degree + degree % 2);
        return new SumSettings("run", 3, ids, degree, share, Math.max(2, Math.min(clients, threshold + 1)), length);
    }

    /** A whole sum. */
    private static final class Sum {
        final SumSettings settings;
        final SumServer server;
        final Map<ClientId, SumClient> clients = new LinkedHashMap<>();
        final Map<ClientId, int[]> masked = new HashMap<>();
        final int[] expected;

        Sum(SumSettings settings) {
            this.settings = settings;
            this.server = new SumServer(settings);
            this.expected = new int[settings.length()];
            settings.clients().forEach(id -> clients.put(id, new SumClient(settings, id, RANDOM)));
        }

        SumClient client(ClientId id) {
            return Objects.requireNonNull(clients.get(id));
        }

        /** The clients with these numbers do not answer from the step with this number on, 1 to 4. */
        void run(Map<Integer, Integer> missing, Random random) {
            Set<ClientId> alive = new TreeSet<>(settings.clients());
            for (int step = 1; step <= 4; step++) {
                int now = step;
                missing.forEach((client, from) -> {
                    if (from <= now) {
                        alive.remove(settings.clients().get(client));
                    }
                });
                for (ClientId id : alive) {
                    step(step, id, client(id), random);
                }
            }
        }

        private void step(int step, ClientId id, SumClient client, Random random) {
            switch (step) {
                case 1 -> server.accept(id, client.keys());
                case 2 -> server.acceptShares(id, client.shares(server.keys()));
                case 3 -> {
                    int[] values = random.ints(settings.length()).toArray();
                    masked.put(id, client.masked(values, server.sharesFor(id)));
                    server.acceptMasked(id, masked.get(id));
                    Arrays.setAll(expected, i -> expected[i] + values[i]);
                }
                default -> server.acceptRevealed(id, client.reveal(server.arrived()));
            }
        }
    }

    @Test
    void sum_withEveryNumberMissingFromEachStep_isExact() {
        Random random = new Random(1);
        int n = 8;
        for (int step = 1; step <= 4; step++) {
            for (int count = 0; count <= 3; count++) {
                Sum sum = new Sum(settings(n, n, 4, 50));
                Map<Integer, Integer> missing = new HashMap<>();
                while (missing.size() < count) {
                    missing.put(random.nextInt(n), step);
                }
                sum.run(missing, random);
                assertArrayEquals(sum.expected, sum.server.sum(), count + " missing from step " + step);
            }
        }
    }

    @Test
    void sum_withClientsMissingFromSeveralSteps_isExact() {
        Random random = new Random(2);
        for (int repeat = 0; repeat < 20; repeat++) {
            Sum sum = new Sum(settings(24, 12, 7, 20));
            Map<Integer, Integer> missing = new HashMap<>();
            for (int step = 2; step <= 4; step++) {
                missing.putIfAbsent(random.nextInt(24), step);
            }
            sum.run(missing, random);
            assertArrayEquals(sum.expected, sum.server.sum(), missing.toString());
        }
    }

    @Test
    void sum_belowTheThreshold_isRefused() {
        Sum sum = new Sum(settings(6, 5, 4, 10));
        sum.run(Map.of(0, 4, 1, 4), new Random(3)); // four are left, of whom each knows three shares' owners
        assertThrows(IllegalStateException.class, sum.server::sum);
        Sum few = new Sum(settings(6, 5, 4, 10));
        assertThrows(IllegalArgumentException.class, () -> few.run(Map.of(0, 3, 1, 3, 2, 3), new Random(3)));
    }

    /** Of a masked vector, each word has every value with the same chance. */
    @Test
    void masked_ofZeros_looksRandom() {
        Sum sum = new Sum(settings(4, 3, 3, 100_000));
        for (int step = 1; step <= 2; step++) {
            for (ClientId id : sum.settings.clients()) {
                sum.step(step, id, sum.client(id), new Random());
            }
        }
        ClientId id = sum.settings.clients().get(0);
        int[] words = sum.client(id).masked(new int[100_000], sum.server.sharesFor(id));
        long bits = Arrays.stream(words).mapToLong(Integer::bitCount).sum();
        assertEquals(1_600_000, bits, 4.9 * Math.sqrt(100_000 * 8.0));
    }

    @Test
    void reveal_forOtherSurvivors_isRefused() {
        Sum sum = new Sum(settings(5, 4, 3, 4));
        for (int step = 1; step <= 3; step++) {
            for (ClientId id : sum.settings.clients()) {
                sum.step(step, id, sum.client(id), new Random());
            }
        }
        ClientId first = sum.settings.clients().get(0);
        SumClient client = sum.client(first);
        Set<ClientId> all = Set.copyOf(sum.settings.clients());
        Map<ClientId, byte[]> revealed = client.reveal(all);
        assertEquals(4, revealed.size());
        client.reveal(all).forEach((id, share) -> assertArrayEquals(share, revealed.get(id)));
        Set<ClientId> fewer = Set.copyOf(sum.settings.clients().subList(0, 4));
        assertThrows(IllegalStateException.class, () -> client.reveal(fewer));
        assertThrows(IllegalStateException.class, () -> client.masked(new int[4], Map.of()));
        assertThrows(IllegalStateException.class, () -> client.shares(sum.server.keys()));
    }

    @Test
    void shares_withEqualForeignOrMissingKeys_areRefused() {
        SumSettings settings = settings(4, 3, 2 + 1, 4);
        Sum sum = new Sum(settings);
        Map<ClientId, PublicKeys> keys = new HashMap<>();
        sum.clients.forEach((id, client) -> keys.put(id, client.keys()));
        ClientId first = settings.clients().get(0);
        ClientId second = settings.clients().get(1);
        SumClient client = sum.client(first);
        Map<ClientId, PublicKeys> equal = new HashMap<>(keys);
        equal.put(second, keys.get(first));
        assertThrows(IllegalArgumentException.class, () -> client.shares(equal));
        Map<ClientId, PublicKeys> changed = new HashMap<>(keys);
        changed.put(first, new SumClient(settings, second, RANDOM).keys());
        assertThrows(IllegalArgumentException.class, () -> client.shares(changed));
        Map<ClientId, PublicKeys> low = new HashMap<>(keys);
        low.put(
                second,
                new PublicKeys(
                        new byte[32], Objects.requireNonNull(keys.get(second)).masking(), new byte[32]));
        assertThrows(IllegalArgumentException.class, () -> client.shares(low));
        Map<ClientId, PublicKeys> few = new HashMap<>(keys);
        few.remove(second);
        assertThrows(IllegalArgumentException.class, () -> client.shares(few));
        assertEquals(3, client.shares(keys).size(), "a refusal changes nothing");
    }

    @Test
    void masked_withChangedShares_isRefused() {
        Sum sum = new Sum(settings(4, 3, 3, 4));
        for (int step = 1; step <= 2; step++) {
            for (ClientId id : sum.settings.clients()) {
                sum.step(step, id, sum.client(id), new Random());
            }
        }
        ClientId id = sum.settings.clients().get(0);
        SumClient client = sum.client(id);
        Map<ClientId, byte[]> shares = sum.server.sharesFor(id);
        Map<ClientId, byte[]> changed = new HashMap<>(shares);
        ClientId other = changed.keySet().iterator().next();
        byte[] bytes = Objects.requireNonNull(changed.get(other)).clone();
        bytes[3] ^= 1;
        changed.put(other, bytes);
        assertThrows(IllegalArgumentException.class, () -> client.masked(new int[4], changed));
        assertFalse(Arrays.equals(new int[4], client.masked(new int[4], shares)), "a refusal changes nothing");
    }

    @Test
    void shares_thatComeLate_areRefused() {
        Sum sum = new Sum(settings(5, 4, 3, 4));
        for (ClientId id : sum.settings.clients()) {
            sum.step(1, id, sum.client(id), new Random());
        }
        List<ClientId> first = sum.settings.clients().subList(0, 4);
        for (int step = 2; step <= 3; step++) {
            for (ClientId id : first) {
                sum.step(step, id, sum.client(id), new Random());
            }
        }
        ClientId late = sum.settings.clients().get(4);
        assertThrows(IllegalStateException.class, () -> sum.step(2, late, sum.client(late), new Random()));
        for (ClientId id : first) {
            sum.step(4, id, sum.client(id), new Random());
        }
        assertArrayEquals(sum.expected, sum.server.sum());
    }

    @Test
    void revealed_wrongOrLate_isNoticed() {
        Sum sum = new Sum(settings(5, 4, 3, 4));
        for (int step = 1; step <= 3; step++) {
            for (ClientId id : sum.settings.clients().subList(0, step < 3 ? 5 : 4)) {
                sum.step(step, id, sum.client(id), new Random());
            }
        }
        assertEquals(4, sum.server.arrived().size());
        ClientId late = sum.settings.clients().get(4);
        assertThrows(IllegalStateException.class, () -> sum.step(3, late, sum.client(late), new Random()));
        assertThrows(IllegalArgumentException.class, () -> sum.server.acceptRevealed(late, Map.of()));
        Sum wrong = new Sum(settings(5, 4, 3, 4));
        for (int step = 1; step <= 3; step++) {
            for (ClientId id : wrong.settings.clients()) {
                wrong.step(step, id, wrong.client(id), new Random());
            }
        }
        for (ClientId id : wrong.settings.clients()) {
            Map<ClientId, byte[]> shares = new HashMap<>(wrong.client(id).reveal(wrong.server.arrived()));
            shares.replaceAll((owner, share) -> {
                byte[] changed = share.clone();
                changed[0] ^= 1;
                return changed;
            });
            wrong.server.acceptRevealed(id, shares);
        }
        assertThrows(IllegalStateException.class, wrong.server::sum);
    }

    /** A key has one text: with the ignored bit set it would pass as another key, and two masks could cancel. */
    @Test
    void keys_thatAreAnotherTextOfAKey_orOfLowOrder_areRefused() {
        Sum sum = new Sum(settings(4, 3, 3, 4));
        ClientId first = sum.settings.clients().get(0);
        ClientId second = sum.settings.clients().get(1);
        PublicKeys keys = sum.client(first).keys();
        PublicKeys own = sum.client(second).keys();
        sum.server.accept(first, keys);
        byte[] flipped = keys.masking();
        flipped[31] |= (byte) 0x80;
        assertThrows(IllegalArgumentException.class, () -> new PublicKeys(own.sealing(), flipped, own.commitment()));
        byte[] prime = new byte[32];
        Arrays.fill(prime, (byte) 0xff);
        prime[0] = (byte) 0xed;
        prime[31] = 0x7f;
        assertThrows(IllegalArgumentException.class, () -> new PublicKeys(prime, own.masking(), own.commitment()));
        for (PublicKeys wrong : List.of(
                new PublicKeys(new byte[32], own.masking(), own.commitment()),
                new PublicKeys(own.sealing(), new byte[32], own.commitment()),
                new PublicKeys(own.sealing(), keys.masking(), own.commitment()),
                new PublicKeys(own.sealing(), own.sealing(), own.commitment()))) {
            assertThrows(IllegalArgumentException.class, () -> sum.server.accept(second, wrong));
        }
        sum.server.accept(second, own);
    }

    @Test
    void shares_ofAnotherLength_areRefused() {
        Sum sum = new Sum(settings(4, 3, 3, 4));
        sum.settings.clients().forEach(id -> sum.step(1, id, sum.client(id), new Random()));
        ClientId first = sum.settings.clients().get(0);
        Map<ClientId, byte[]> shares = new HashMap<>(sum.client(first).shares(sum.server.keys()));
        Map<ClientId, byte[]> large = new HashMap<>(shares);
        large.put(sum.settings.clients().get(1), new byte[1_000_000]);
        assertThrows(IllegalArgumentException.class, () -> sum.server.acceptShares(first, large));
        sum.server.acceptShares(first, shares);
    }

    /** One wrong share costs nothing while there are more shares than needed; a refused message leaves nothing. */
    @Test
    void revealed_byOneLiar_isLeftOut() {
        for (int liar = 0; liar < 7; liar++) {
            Sum sum = new Sum(settings(7, 6, 4, 40));
            for (int step = 1; step <= 3; step++) {
                for (ClientId id : sum.settings.clients().subList(0, step < 3 ? 7 : 6)) {
                    sum.step(step, id, sum.client(id), new Random(step));
                }
            }
            for (ClientId id : List.copyOf(sum.server.arrived())) {
                Map<ClientId, byte[]> shares = new HashMap<>(sum.client(id).reveal(sum.server.arrived()));
                if (sum.settings.place(id) == liar) {
                    shares.replaceAll((owner, share) -> new byte[32]);
                    Map<ClientId, byte[]> unknown = new HashMap<>(shares);
                    unknown.put(new ClientId("stranger"), new byte[32]);
                    assertThrows(IllegalArgumentException.class, () -> sum.server.acceptRevealed(id, unknown));
                }
                sum.server.acceptRevealed(id, shares);
            }
            assertArrayEquals(sum.expected, sum.server.sum(), "liar " + liar);
        }
    }

    @Test
    void settings_thatProtectNobody_areRefused() {
        for (int threshold : new int[] {0, 1, 2, 5}) {
            assertThrows(IllegalArgumentException.class, () -> settings(5, 4, threshold, 1), "threshold " + threshold);
        }
        assertThrows(IllegalArgumentException.class, () -> settings(1, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> settings(5, 0, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> settings(5, 4, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> settings(300, 256, 200, 1));
        List<ClientId> two = List.of(new ClientId("a"), new ClientId("b"));
        assertThrows(IllegalArgumentException.class, () -> new SumSettings("run", 1, two, 1, 1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new SumSettings("run", 1, two, 1, 1, 3, 1));
        assertThrows(IllegalArgumentException.class, () -> new SumSettings("run", 1, two, 1, Double.NaN, 2, 1));
    }
}
