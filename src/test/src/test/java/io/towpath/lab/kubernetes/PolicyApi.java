package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The conformance tests of the project that ClusterNetworkPolicy comes from, with all that it has switched on. */
final class PolicyApi {
    private PolicyApi() {}

    /**
     * Runs all of them, one after the other.
     *
     * @return how many there were of each verdict
     * @throws AssertionError if the tests did not come to their end
     */
    static String run(KubeCluster cluster, Report.Part part, String name) throws IOException {
        Path folder = Files.createDirectories(cluster.logs().resolve(name));
        Command command = Command.of(
                cluster.peers().of("network-policy-api.test"),
                "-test.v",
                "-test.run",
                "^TestConformance$",
                "-test.timeout",
                "2h",
                "-all-features");
        GoTestOutput output = new GoTestOutput();
        int exit = TestProgram.run(cluster, folder, command, output);
        output.results().forEach((test, verdict) -> part.add(test, verdict, output.why(test)));
        if (part.isEmpty() || (exit != 0 && part.count(Report.Verdict.FAILED) == 0)) {
            throw new AssertionError("the tests ended with code " + exit + ", " + part.counts() + ": see " + folder);
        }
        return part.counts();
    }
}
