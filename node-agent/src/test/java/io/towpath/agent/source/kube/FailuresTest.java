package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {
    /** As netty and Vert.x word them. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        finishConnect(..) failed with error(-111): Connection refused: /10.96.0.1:443 | Connection refused: /10.96.0.1:443
        connect(..) failed with error(-101): Network is unreachable                   | Network is unreachable
        recvAddress(..) failed: Connection reset by peer                              | Connection reset by peer
        The timeout of 1000 ms has been exceeded when getting a connection to 10.96.0.1:443 | no connection to 10.96.0.1:443 in time
        The timeout of 2000 ms has been exceeded when getting a connection to 10.96.0.1:443 | no connection to 10.96.0.1:443 in time
        Connection was closed | Connection was closed
        """)
    void aLineHasNothingOfTheLibrarysOwnCalls(String message, String line) {
        assertEquals(line, Failures.line(new CompletionException(new IOException(new ConnectException(message)))));
    }

    @Test
    void aHostWithoutAnAddressIsToldAsThat() {
        assertEquals(
                "the name of the API's host cannot be resolved: api.example",
                Failures.line(new IOException(new UnknownHostException("api.example"))));
    }
}
