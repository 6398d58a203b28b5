package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Selector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Facts are read as they were written. */
class FactsFileTest {
    private static final int CLUSTERS = 1000;

    private static byte[] written(KeptFacts kept) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        FactsWriter.write(out, kept);
        return out.toByteArray();
    }

    private static KeptFacts read(byte[] content) throws IOException {
        return FactsReader.read(new ByteArrayInputStream(content));
    }

    @Test
    void whatIsReadIsWhatWasWritten() throws IOException {
        for (long seed = 0; seed < CLUSTERS; seed++) {
            KeptFacts kept = new KeptFacts("id-" + seed, "boot-1", new RandomFacts(seed).facts());
            assertEquals(kept, read(written(kept)), "seed " + seed);
        }
    }

    @Test
    void whatIsOfNoSuchFormIsAnExceptionAndNothingWorse() throws IOException {
        int refused = 0;
        for (long seed = 0; seed < CLUSTERS; seed++) {
            byte[] content = written(new KeptFacts("id-1", "boot-1", new RandomFacts(seed).facts()));
            Random random = new Random(seed);
            content[random.nextInt(content.length)] = (byte) random.nextInt();
            try {
                read(content);
            } catch (IOException | RuntimeException _) {
                refused++; // that it is not what was written, the checksum tells
            }
        }
        assertTrue(refused > CLUSTERS / 4, () -> "most bytes matter");
    }

    @Test
    void equalPartsAreOneObject() throws IOException {
        Map<String, String> labels = Map.of("app", "web", "tier", "back");
        List<PodFact> pods = List.of(
                new PodFact("ns", "a", labels, List.of(), List.of(), "n1"),
                new PodFact("ns", "b", Map.copyOf(labels), List.of(), List.of(), "n1"));
        Facts facts = new Facts(pods, List.of(), List.of(), List.of(), List.of());
        List<PodFact> read = read(written(new KeptFacts("i", "b", new PolicyFacts(facts, Map.of()))))
                .facts()
                .facts()
                .pods();
        assertSame(read.get(0).labels(), read.get(1).labels());
        assertSame(read.get(0).namespace(), read.get(1).namespace());
        assertSame(read.get(0).node(), read.get(1).node());
        assertSame(read.get(0).ports(), read.get(1).ports());
        assertEquals(Selector.of(labels), Selector.of(read.get(0).labels()));
    }

    @Test
    void anotherOrderOfFieldsIsRefused() {
        for (String wrong :
                List.of("", "{}", "[]", "[1]", "[\"id\",\"boot\",[],[],[],[]]", "[\"id\",\"boot\",[[1]]]")) {
            assertThrows(IOException.class, () -> read(wrong.getBytes(StandardCharsets.UTF_8)), wrong);
        }
    }

    @Test
    void addressesOfThisNodesPodsEndWithItsBoot() {
        List<IpAddress> addresses = List.of(IpAddress.parse("10.64.1.2"));
        PodFact here = new PodFact("ns", "here", Map.of("a", "b"), addresses, List.of(), "n1");
        PodFact there = new PodFact("ns", "there", Map.of(), addresses, List.of(), "n2");
        Facts facts = new Facts(List.of(here, there), List.of(), List.of(), List.of(), List.of());
        KeptFacts kept = new KeptFacts("i", "boot-1", new PolicyFacts(facts, Map.of("ns/here", "uid")));
        Instant held = Instant.EPOCH;

        PolicyFacts same = kept.in("boot-1", "n1", held);
        assertEquals(new PolicyFacts(facts, Map.of("ns/here", "uid"), held), same);
        PolicyFacts later = kept.in("boot-2", "n1", held);
        assertEquals(
                List.of(new PodFact("ns", "here", Map.of("a", "b"), List.of(), List.of(), "n1"), there),
                later.facts().pods());
        assertEquals(Map.of("ns/here", "uid"), later.uids());
        assertEquals(held, later.held());
    }
}
