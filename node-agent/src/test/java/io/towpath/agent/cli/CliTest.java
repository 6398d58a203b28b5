package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.towpath.agent.check.StateChecks.AnsweringAgent;
import io.towpath.cni.BuildInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

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
                "overlay sync -h",
                "ipam --help",
                "ipam list -h",
                "endpoint -h",
                "endpoint list -h",
                "policy list -h",
                "policy -h",
                "policy explain -h",
                "policy log -h",
                "version -h",
                "completion -h"
            })
    void help(String words) {
        Ran ran = Ran.of(words.split(" ", -1));
        assertEquals(Cli.OK, ran.code());
        assertTrue(ran.out().startsWith("Usage: towpath-node "), ran::out);
        assertEquals("", ran.err());
    }

    /** A path that is broken in two lines cannot be copied. */
    @Test
    void noDefaultIsWrapped() {
        List<CommandLine> all = new ArrayList<>(List.of(new CommandLine(Commands.root(System.out, System.err))));
        int defaults = 0;
        while (!all.isEmpty()) {
            CommandLine each = all.removeLast();
            all.addAll(each.getSubcommands().values());
            String help = each.getUsageMessage();
            for (OptionSpec option : each.getCommandSpec().options()) {
                if (option.defaultValue() != null && !option.defaultValue().isEmpty()) {
                    String line = "Default: " + option.defaultValue();
                    assertTrue(help.lines().anyMatch(has -> has.strip().endsWith(line)), () -> line + " in " + help);
                    defaults++;
                }
            }
        }
        assertTrue(defaults > 30, "only " + defaults);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-o yaml", "--output=yaml"})
    void yamlSaysWhatJsonSays(String format) throws Exception {
        Ran json = Ran.of("version", "--socket", "/nowhere", "-o", "json");
        Ran yaml = Ran.of(("version --socket /nowhere " + format).split(" ", -1));
        assertEquals(
                new ObjectMapper().readTree(json.out()),
                new ObjectMapper().valueToTree(Serialization.unmarshal(yaml.out(), Map.class)));
        assertTrue(yaml.out().startsWith("---\nclient: "), yaml.out());
    }

    @Test
    void versionTellsTheAgentsToo() {
        assertEquals(
                new Ran(Cli.OK, "client  " + BuildInfo.VERSION + "\nagent   -: no agent answers on /nowhere\n", ""),
                Ran.of("version", "--socket", "/nowhere"));
    }

    /** A ready node whose agent goes by what it knew before. */
    @Test
    void aCheckTellsOfTroubleWithTheSource() throws Exception {
        ObjectMapper json = new ObjectMapper();
        String trouble = "{\"ready\": true, \"source\": {\"trouble\": \"net-conf.json is not used\"},"
                + " \"policy\": {\"trouble\": \"net-conf.json is not used\"}, \"leftOut\": \"n3\"}";
        assertEquals(
                new AnsweringAgent(null, "n3; net-conf.json is not used", true),
                CheckCommand.agent(json.readTree(trouble)));
        assertEquals(
                new AnsweringAgent(null, null, false),
                CheckCommand.agent(json.readTree("{\"ready\": true, \"source\": {\"trouble\": null}}")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            overlay                   | towpath-node overlay: Missing command (see towpath-node overlay --help)
            policy explain a          | towpath-node policy explain: Missing required parameters: 'TO', 'PORT' (see towpath-node policy explain --help)
            overlay bogus             | towpath-node overlay: Unmatched argument at index 1: 'bogus' (see towpath-node overlay --help)
            ipam list --output        | towpath-node ipam list: Missing required parameter for option '--output' (FORMAT) (see towpath-node ipam list --help)
            bogus                     | towpath-node: Unmatched argument at index 0: 'bogus' (see towpath-node --help)
            statsu                    | towpath-node: Unmatched argument at index 0: 'statsu'; did you mean 'status'? (see towpath-node --help)
            policy lsit               | towpath-node policy: Unmatched argument at index 1: 'lsit'; did you mean 'list'? (see towpath-node policy --help)
            status --ouput=json       | towpath-node status: Unknown option: '--ouput=json'; did you mean '--output'? (see towpath-node status --help)
            completion tcsh           | towpath-node completion: 'tcsh' is no shell that is known: name one of bash, zsh, fish (see towpath-node completion --help)
            status --nope             | towpath-node status: Unknown option: '--nope' (see towpath-node status --help)
            status --output xml       | towpath-node status: Invalid value for option '--output': 'xml' is none of text, wide, json, yaml (see towpath-node status --help)
            agent --cluster-file x --healthz-port 0 | towpath-node agent: Invalid value for option '--healthz-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip 10.0.0.1 --metrics-port 0 | towpath-node agent: Invalid value for option '--metrics-port': '0' is no port from 1 to 65535 (see towpath-node agent --help)
            agent --cluster-file x --metrics-ip nowhere | towpath-node agent: Invalid value for option '--metrics-ip': 'nowhere' is no IP address (see towpath-node agent --help)
            agent --cluster-file x --policy-log-group 65536 | towpath-node agent: Invalid value for option '--policy-log-group': '65536' is neither a group from 0 to 65535 nor none (see towpath-node agent --help)
            agent                     | towpath-node agent: this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): name a kubeconfig with --kubeconfig-file, or a cluster file with --cluster-file (see towpath-node agent --help)
            uninstall --dry-run       | towpath-node uninstall: this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): name a kubeconfig with --kubeconfig-file, or leave the node as it is in the API with --keep-node (see towpath-node uninstall --help)
            uninstall --dry-run --kube-api-url 10.0.0.1 | towpath-node uninstall: Invalid value for option '--kube-api-url': '10.0.0.1' is no URL such as https://192.168.0.1:6443 (see towpath-node uninstall --help)
            agent --kube-api-url ftp://x | towpath-node agent: Invalid value for option '--kube-api-url': 'ftp://x' is no URL such as https://192.168.0.1:6443 (see towpath-node agent --help)
            agent --cluster-file x --node-name b | towpath-node agent: Invalid value for option '--node-name': 'b' is not heeded with --cluster-file: say it in the file, by the key node (see towpath-node agent --help)
            agent --cluster-file x --iface eth1 | towpath-node agent: Invalid value for option '--iface': 'eth1' is not heeded with --cluster-file: say it in the file, by the key interface (see towpath-node agent --help)
            agent --cluster-file x --kubeconfig-file y | towpath-node agent: Invalid value for option '--kubeconfig-file': 'y' is not heeded with --cluster-file: leave one of them out (see towpath-node agent --help)
            policy log --pod web      | towpath-node policy log: Invalid value for option '--pod': 'web' is no pod as namespace/name (see towpath-node policy log --help)
            agent --cluster-file x --healthz-ip here | towpath-node agent: Invalid value for option '--healthz-ip': 'here' is no IP address (see towpath-node agent --help)
            """)
    void whatCannotBeUnderstoodIsOneLine(String words, String message) {
        assertEquals(new Ran(Cli.USAGE, "", message + "\n"), Ran.of(words.split(" ", -1)));
    }
}
