package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scripts as the shells themselves take them. */
class CompletionCommandTest {
    @TempDir
    private Path folder;

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    private String script(String shell) throws Exception {
        Ran ran = Ran.of("completion", shell);
        assertEquals(Cli.OK, ran.code(), ran::err);
        return Files.writeString(folder.resolve(shell), ran.out()).toString();
    }

    @ParameterizedTest
    @CsvSource({
        "towpath-node st, status",
        "towpath-node endpoint l, list",
        "towpath-node policy e, explain",
        "towpath-node status --out, --output",
        "towpath-node status -o ya, yaml"
    })
    void bashCompletes(String line, String word) throws Exception {
        String answer = run("bash", "--norc", "-c", """
                source "$1"
                COMP_LINE=$2 COMP_POINT=${#2}
                read -ra COMP_WORDS <<<"$2"
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _complete_towpath-node towpath-node "${COMP_WORDS[COMP_CWORD]}" ""
                printf '%s\\n' "${COMPREPLY[@]}"
                """, "bash", script("bash"), line);
        assertTrue(List.of(answer.split("\\s+", -1)).contains(word), answer);
    }

    @ParameterizedTest
    @CsvSource({
        "towpath-node st, status",
        "towpath-node endpoint l, list",
        "towpath-node status --out, --output",
        "towpath-node status -o ya, yaml"
    })
    void fishCompletes(String line, String word) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/fish")), "no fish here");
        String answer = run("fish", "--no-config", "-c", "source " + script("fish") + "; complete -C '" + line + "'");
        assertTrue(answer.lines().anyMatch(each -> each.split("[\t=]", -1)[0].equals(word)), answer);
    }

    @Test
    void zshTakesTheScript() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/zsh")), "no zsh here");
        String answer = run(
                "zsh",
                "-f",
                "-c",
                "autoload -U compinit && compinit -D; source " + script("zsh") + "; print $_comps[towpath-node]");
        assertTrue(answer.contains("bash_complete"), answer);
    }
}
