package io.towpath.agent.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"token":"x", "name":"a"}             | {"token":"(left out)", "name":"a"}
            {"a_password" : "x\\"y", "b":1}        | {"a_password" : "(left out)", "b":1}
            client-key-data: QUJD                 | client-key-data: "(left out)"
            refused: Bearer abc.def               | refused: Bearer (left out)
            https://me:x@host/path                | https://(left out)@host/path
            got eyJhbGciOiJSUzI1NiJ9.eyJh.c2ln    | got (left out)
            -----BEGIN PRIVATE KEY-----QUJD       | (left out)
            the token is refused                  | the token is refused
            routes via 10.0.0.1 dev eth0          | routes via 10.0.0.1 dev eth0
            {"tokens":["x","y z"], "name":"a"}    | {"tokens":"(left out)", "name":"a"}
            {"secret":{"a":"x","b":["}"]},"n":1}  | {"secret":"(left out)","n":1}
            {"secrets":["x"                       | {"secrets":"(left out)"
            {"token":123,"n":1}                   | {"token":"(left out)","n":1}
            password: my pass, word               | password: "(left out)"
            password = my pass word               | password = "(left out)"
            a=1 password=my pass word b=2         | a=1 password="(left out)" b=2
            a="password: my pass, word" b=2       | a="password: "(left out)"" b=2
            {"a":"{\\"token\\":\\"x y\\"}","n":1} | {"a":"{\\"token\\":"(left out)"}","n":1}
            {"a":"{\\"keys\\":1,\\"apiKeys\\":[\\"x\\"]}"} | {"a":"{\\"keys\\":1,\\"apiKeys\\":"(left out)"}"}
            run --api-token x y                   | run --api-token (left out) y
            ["--password", "x", "y"]              | ["--password", "(left out)", "y"]
            ["--api-key=x y", "z"]                | ["--api-key="(left out)"", "z"]
            Authorization: Digest a, b            | Authorization: "(left out)"
            """)
    void whatOpensSomethingIsLeftOut(String text, String left) {
        assertEquals(left, Secrets.without(text));
    }

    @Test
    void whatHasSeveralLinesIsLeftOutAsAWhole() {
        assertEquals("""
                user:
                  password: "(left out)"
                  name: a
                tokens:"(left out)"
                list: b
                """, Secrets.without("""
                user:
                  password: |
                    x

                    y
                  name: a
                tokens:
                - x
                - y
                list: b
                """));
        assertEquals("""
                {
                  "token" : "(left out)",
                  "name" : "a"
                }""", Secrets.without("""
                {
                  "token" : [
                    "x",
                    "y"
                  ],
                  "name" : "a"
                }"""));
    }
}
