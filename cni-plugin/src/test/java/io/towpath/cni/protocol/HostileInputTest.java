package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that no runtime should send. Each is answered with an error, and no verb is called. */
class HostileInputTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \n",
                "{",
                "{\"name\"",
                "{\"name\":",
                "{\"name\": \"net\"",
                "[",
                "[{]",
                "[]",
                "5",
                "\"net\"",
                "true",
                "nul",
                "{} x",
                "{}{}",
                "{\"name\": \"net\",}",
                "{name: \"net\"}",
                "{'name': 'net'}",
                "{\"name\": \"net\" /* x */}",
                "{\"name\": NaN}",
                "{\"name\": 01}",
                "{\"name\": \"a\nb\"}",
                "{\"name\": \"a\0b\"}",
                "{\"name\": \"\\x\"}",
                "\ufeff{\"name\": \"net\"}",
                "\0",
                "not json at all"
            })
    void notOneJsonObject(String document) {
        Call.Outcome outcome = new Call("ADD", document).run();
        assertEquals(6, outcome.error().path("code").intValue(), outcome.stdout());
        assertTrue(outcome.error().path("msg").textValue().startsWith("error unmarshall network config: "));
        assertEquals(List.of(), outcome.called());
    }

    @ParameterizedTest
    @CsvSource({"{}", "null", "{\"name\": null}", "{\"name\": \"\"}"})
    void nameIsMissing(String document) {
        new Call("ADD", document).run().assertError(7, "missing network name", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "..", ".", "/etc", "a/b", "a b", "te%%st", "a\\b", "-a", "ä"})
    void nameThatIsNoFolderName(String name) {
        new Call("ADD", "{\"name\": \"" + name.replace("\\", "\\\\") + "\"}")
                .run()
                .assertError(7, "invalid characters found in network name", name);
    }

    @Test
    void nameWithZeroByteOrLoneSurrogate() {
        Call.Outcome zero = new Call("ADD", "{\"name\": \"a\\u0000\"}").run();
        zero.assertError(7, "invalid characters found in network name", "a\0");
        Call.Outcome lone = new Call("ADD", "{\"name\": \"a\\ud800\"}").run();
        lone.assertError(7, "invalid characters found in network name", "a\ufffd");
    }

    @Test
    void nameThatIsTooLongForAFolder() {
        String longest = "a".repeat(255);
        Call.Outcome outcome = new Call("DEL", "{\"name\": \"" + longest + "\"}").run();
        outcome.assertSuccess("del");
        new Call("DEL", "{\"name\": \"" + longest + "a\"}")
                .run()
                .assertError(7, "network name is too long", longest + "...");
        new Call("DEL", "{\"name\": \"" + "%".repeat(1 << 20) + "\"}")
                .run()
                .assertError(7, "invalid characters found in network name", "%".repeat(255) + "...");
    }

    @Test
    void documentOfOneMebibyteIsRead() {
        String document = Call.conf("1.1.0", "\"padding\": \"" + "x".repeat(1 << 20) + "\"");
        new Call("ADD", document).run().assertSuccess("add");
        String manyKeys = Call.conf("1.1.0", "\"k" + "\": 1, \"k".repeat(1 << 17) + "\": 1");
        new Call("ADD", manyKeys).run().assertSuccess("add");
        String manyNames = Call.conf("1.1.0", manyDifferentKeys(50_000));
        new Call("ADD", manyNames).run().assertSuccess("add");
        String longKey = Call.conf("1.1.0", "\"" + "x".repeat(1 << 20) + "\": 1");
        new Call("ADD", longKey).run().assertSuccess("add");
    }

    private static String manyDifferentKeys(int count) {
        StringBuilder keys = new StringBuilder("\"k\": 0");
        for (int i = 0; i < count; i++) {
            keys.append(", \"k").append(i).append("\": ").append(i);
        }
        return keys.toString();
    }

    @Test
    void documentUpToTheLimitIsReadAndNoFurther() {
        String shell = Call.conf("1.1.0", "\"p\": \"\"");
        int room = Json.MAX_BYTES - shell.length();
        String atLimit = Call.conf("1.1.0", "\"p\": \"" + "x".repeat(room) + "\"");
        assertEquals(Json.MAX_BYTES, atLimit.length());
        new Call("ADD", atLimit).run().assertSuccess("add");
        new Call("ADD", atLimit + " ").run().assertError(6, "network config is larger than 4194304 bytes", "");
        Call endless = new Call("ADD", "");
        endless.stdin = new EndlessSpaces();
        endless.run().assertError(6, "network config is larger than 4194304 bytes", "");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 400})
    void nestingOfADecentDepthIsRead(int depth) {
        String nested = "[".repeat(depth) + "]".repeat(depth);
        new Call("ADD", Call.conf("1.1.0", "\"x\": " + nested)).run().assertSuccess("add");
    }

    @ParameterizedTest
    @ValueSource(ints = {501, 100_000})
    void nestingWithoutEndIsRefused(int depth) {
        for (String open : List.of("[", "{\"a\":")) {
            String document = Call.conf("1.1.0", "\"x\": " + open.repeat(depth));
            assertEquals(6, new Call("ADD", document).run().error().path("code").intValue());
        }
        assertEquals(
                6, new Call("ADD", "[".repeat(depth)).run().error().path("code").intValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e999999999", "-1e400", "123456789012345678901234567890", "0.1e-400"})
    void numbersOutOfRangeHarmOnlyTheKeyThatHoldsThem(String number) {
        new Call("ADD", Call.conf("1.1.0", "\"x\": " + number)).run().assertSuccess("add");
        Call.Outcome outcome = new Call("ADD", Call.conf("1.1.0", "\"mtu\": " + number)).run();
        assertTrue(outcome.error().path("msg").textValue().contains("\"mtu\""), outcome.stdout());
    }

    @Test
    void numberOfEndlessDigitsIsRefused() {
        String document = Call.conf("1.1.0", "\"x\": " + "9".repeat(100_000));
        assertEquals(6, new Call("ADD", document).run().error().path("code").intValue());
    }

    @Test
    void otherEncodingsAreRefused() {
        String document = Call.conf("1.1.0", "");
        for (var charset : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16BE, StandardCharsets.UTF_16LE)) {
            assertRefused(document.getBytes(charset));
        }
        assertRefused(document.replace("towpath", "t\u00e4").getBytes(StandardCharsets.ISO_8859_1));
        assertRefused(new byte[] {'{', '"', (byte) 0xc0, (byte) 0x80, '"', ':', '1', '}'});
        assertRefused(new byte[] {'{', '"', (byte) 0xed, (byte) 0xa0});
        assertRefused(new byte[] {0, 0, 0, '{'});
        byte[] zeros = new byte[1 << 20];
        assertRefused(zeros);
        Arrays.fill(zeros, (byte) 0x80);
        assertRefused(zeros);
    }

    private static void assertRefused(byte[] document) {
        Call call = new Call("ADD", "");
        call.stdin = new ByteArrayInputStream(document);
        Call.Outcome outcome = call.run();
        assertEquals(6, outcome.error().path("code").intValue(), outcome.stdout());
        assertEquals(List.of(), outcome.called());
    }

    @Test
    void messagesHoldNoTerminalControl() {
        Call.Outcome outcome = Call.of("ADD", "\\u001b[2J\\u009b\\u202e").run();
        assertEquals(
                "config is \"\\x1b[2J\\u009b\\u202e\"",
                outcome.error().path("details").textValue().split(",", 2)[0]);
    }

    private static final class EndlessSpaces extends java.io.InputStream {
        @Override
        public int read() {
            return ' ';
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            Arrays.fill(bytes, offset, offset + length, (byte) ' ');
            return length;
        }
    }
}
