package io.towpath.agent.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
            """)
    void whatOpensSomethingIsLeftOut(String text, String left) {
        assertEquals(left, Secrets.without(text));
    }
}
