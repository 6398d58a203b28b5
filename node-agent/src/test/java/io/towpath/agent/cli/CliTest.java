package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.BuildInfo;
import io.towpath.cni.cli.Cli;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CliTest {
    @Test
    void version() {
        assertEquals(new Ran(Cli.OK, "towpath-node " + BuildInfo.VERSION + "\n", ""), Ran.of("--version"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "agent -h",
                "install -h",
                "status -h",
                "check -h",
                "overlay -h",
                "overlay show -h",
                "ipam --help",
                "ipam list -h",
                "policy -h",
                "policy explain -h",
                "policy log -h"
            })
    void help(String words) {
        Ran ran = Ran.of(words.split(" ", -1));
        assertEquals(Cli.OK, ran.code());
        assertTrue(ran.out().startsWith("Usage: towpath-node "), ran::out);
        assertEquals("", ran.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            overlay                   | towpath-node overlay: Missing command (see towpath-node overlay --help)
            policy explain a          | towpath-node policy explain: Missing required parameters: 'TO', 'PORT' (see towpath-node policy explain --help)
            bogus                     | towpath-node: Unmatched argument at index 0: 'bogus' (see towpath-node --help)
            status --nope             | towpath-node status: Unknown option: '--nope' (see towpath-node status --help)
            status --output xml       | towpath-node status: Invalid value for option '--output': 'xml' is neither text nor json (see towpath-node status --help)
            agent --cluster-file x --healthz-port 0 | towpath-node agent: Invalid value for option '--healthz-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip 10.0.0.1 --metrics-port 0 | towpath-node agent: Invalid value for option '--metrics-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip nowhere | towpath-node agent: Invalid value for option '--metrics-ip': 'nowhere' is no IP address (see towpath-node agent --help)
            agent --cluster-file x --policy-log-group 65536 | towpath-node agent: Invalid value for option '--policy-log-group': '65536' is neither a group from 0 to 65535 nor none (see towpath-node agent --help)
            agent --cluster-file x --healthz-ip here | towpath-node agent: Invalid value for option '--healthz-ip': 'here' is no IP address (see towpath-node agent --help)
            """)
    void whatCannotBeUnderstoodIsOneLine(String words, String message) {
        assertEquals(new Ran(Cli.USAGE, "", message + "\n"), Ran.of(words.split(" ", -1)));
    }
}
