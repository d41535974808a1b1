package io.github.fedhds;

import static io.github.fedhds.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.fedhds.adapter.Adapter;
import io.github.fedhds.round.ClientId;
import io.github.fedhds.round.RoundContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ClientSamplerTest {
    private static final Class<IllegalArgumentException> BAD = IllegalArgumentException.class;

    private static List<ClientId> registered(int clients) {
        List<ClientId> registered = new ArrayList<>();
        for (int i = clients; i-- > 0; ) { // not in the order of names
            registered.add(new ClientId("client " + i));
        }
        return registered;
    }

    private static RoundContext round(int number, long seed) {
        return new RoundContext("run", number, Optional.empty(), seed, Adapter.empty(), Map.of());
    }

    private static Map<ClientId, Integer> sizes(List<ClientId> registered, int... sizes) {
        Map<ClientId, Integer> map = new HashMap<>();
        for (int i = 0; i < sizes.length; i++) {
            map.put(registered.get(i), sizes[i]);
        }
        return map;
    }

    @Test
    void samplers_anyClientsAndRound_nameClientsOfItInOrderAndTheSameAgain() {
        for (int n : new int[] {1, 2, 3, 10, 97}) {
            List<ClientId> registered = registered(n);
            Map<ClientId, Integer> sizes = new HashMap<>();
            registered.forEach(id -> sizes.put(id, 1 + sizes.size()));
            for (double share : new double[] {Double.MIN_VALUE, 0.05, 0.29, 0.5, 1}) {
                for (ClientSampler sampler : List.of(
                        ClientSampler.uniform(share),
                        ClientSampler.byDataSize(share, sizes),
                        ClientSampler.roundRobin(share),
                        ClientSampler.uniform(share).atLeast(3),
                        ClientSampler.roundRobin(share).atLeast(Integer.MAX_VALUE))) {
                    for (int number : new int[] {1, 2, 7, Integer.MAX_VALUE}) {
                        List<ClientId> sampled = sampler.sample(registered, round(number, 3));
                        assertTrue(!sampled.isEmpty());
                        assertEquals(
                                registered.stream().filter(sampled::contains).toList(), sampled);
                        assertEquals(sampled, sampler.sample(registered, round(number, 3)));
                    }
                }
            }
            assertEquals(
                    n, ClientSampler.uniform(1).sample(registered, round(1, 0)).size());
        }
        assertEquals(
                29,
                ClientSampler.uniform(0.29).sample(registered(100), round(1, 0)).size());
    }

    @Test
    void samplers_outOfRange_areRefused() {
        for (double share : new double[] {0, -1, 1.01, Double.NaN, Double.POSITIVE_INFINITY}) {
            String text = "share of clients must be above 0 and at most 1, was " + share;
            assertFails(BAD, () -> ClientSampler.uniform(share), text);
            assertFails(BAD, () -> ClientSampler.roundRobin(share), text);
            assertFails(BAD, () -> ClientSampler.byDataSize(share, Map.of()), text);
        }
        assertFails(BAD, () -> ClientSampler.uniform(1).atLeast(0), "at least 1 or more, was 0");
    }

    @Test
    void byDataSize_manyRounds_drawsInProportionAndNeverThoseWithoutData() {
        List<ClientId> registered = registered(4);
        ClientSampler sampler = ClientSampler.byDataSize(0.25, sizes(registered, 1, 0, 6, 3));
        Map<ClientId, Integer> drawn = new HashMap<>();
        for (int number = 1; number <= 4000; number++) {
            sampler.sample(registered, round(number, 5)).forEach(id -> drawn.merge(id, 1, Integer::sum));
        }
        assertEquals(3, drawn.size());
        // Five standard deviations of 4,000 draws; the seed is fixed, so that it passes always or never.
        assertEquals(400, drawn.getOrDefault(registered.get(0), 0), 95);
        assertEquals(2400, drawn.getOrDefault(registered.get(2), 0), 155);
        assertEquals(1200, drawn.getOrDefault(registered.get(3), 0), 145);
    }

    @Test
    void byDataSize_twoOfThree_isTheDrawOfOneAfterTheOther() {
        List<ClientId> registered = registered(3);
        ClientSampler sampler = ClientSampler.byDataSize(0.7, sizes(registered, 1, 2, 3));
        int withoutLast = 0;
        for (int number = 1; number <= 4000; number++) {
            List<ClientId> sampled = sampler.sample(registered, round(number, 1));
            assertEquals(2, sampled.size());
            withoutLast += sampled.contains(registered.get(2)) ? 0 : 1;
        }
        // The first two: 1/6 * 2/5 + 2/6 * 1/4 = 0.15.
        assertEquals(600, withoutLast, 113);
    }

    @Test
    void byDataSize_fewWithData_namesFewer() {
        List<ClientId> registered = registered(4);
        assertEquals(
                List.of(registered.get(1)),
                ClientSampler.byDataSize(1, sizes(registered, 0, 5, 0, 0)).sample(registered, round(1, 0)));
        assertEquals(
                3,
                ClientSampler.byDataSize(1, sizes(registered, 0, 5, 0, 0))
                        .atLeast(3)
                        .sample(registered, round(1, 0))
                        .size());
    }

    @Test
    void byDataSize_sizesThatAreNone_areRefused() {
        List<ClientId> registered = registered(2);
        assertFails(BAD, () -> ClientSampler.byDataSize(1, sizes(registered, -1)), "of client client 1", "was -1");
        assertFails(BAD, () -> ClientSampler.byDataSize(1, Map.of(registered.get(0), Double.NaN)), "was NaN");
        assertFails(
                BAD,
                () -> ClientSampler.byDataSize(1, Map.of(registered.get(0), Double.POSITIVE_INFINITY)),
                "was Infinity");
        assertFails(
                BAD,
                () -> ClientSampler.byDataSize(1, sizes(registered, 1)).sample(registered, round(1, 0)),
                "no data size is given for client client 0");
        assertFails(
                BAD,
                () -> ClientSampler.byDataSize(1, sizes(registered, 0, 0)).sample(registered, round(1, 0)),
                "all data sizes are 0");
    }

    @Test
    void roundRobin_rounds_takeTurnsThroughTheClients() {
        List<ClientId> registered = registered(5);
        ClientSampler sampler = ClientSampler.roundRobin(0.4);
        Map<ClientId, Integer> turns = new TreeMap<>();
        for (int number = 1; number <= 5; number++) {
            sampler.sample(registered, round(number, 9)).forEach(id -> turns.merge(id, 1, Integer::sum));
        }
        assertEquals(List.of(registered.get(0), registered.get(1)), sampler.sample(registered, round(1, 0)));
        assertEquals(
                List.of(registered.get(0), registered.get(4)), sampler.sample(registered, round(3, 0)), "over the end");
        registered.forEach(id -> assertEquals(2, turns.get(id)));
    }

    @Test
    void atLeast_samplerThatNamesFew_isJoinedByOthersAtRandom() {
        List<ClientId> registered = registered(9);
        ClientSampler host = (clients, round) -> List.of(clients.get(4));
        HashSet<ClientId> seen = new HashSet<>();
        for (int number = 1; number < 100; number++) {
            List<ClientId> sampled = host.atLeast(3).sample(registered, round(number, 1));
            assertEquals(3, sampled.size());
            assertTrue(sampled.contains(registered.get(4)));
            seen.addAll(sampled);
        }
        assertEquals(9, seen.size());
        assertEquals(List.of(registered.get(4)), host.atLeast(1).sample(registered, round(1, 1)));
        assertNotEquals(
                ClientSampler.uniform(0.2).atLeast(4).sample(registered, round(1, 1)),
                ClientSampler.uniform(0.2).atLeast(4).sample(registered, round(2, 1)));
        // What the server refuses stays for it to see.
        List<ClientId> strangers = List.of(new ClientId("stranger"));
        assertEquals(
                strangers,
                ((ClientSampler) (clients, round) -> strangers).atLeast(3).sample(registered, round(1, 1)));
    }
}
