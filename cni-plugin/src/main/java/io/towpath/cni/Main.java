package io.towpath.cni;

import io.towpath.cni.protocol.Protocol;
import io.towpath.cni.verbs.AgentPolicies;
import io.towpath.cni.verbs.HostLocalLeases;
import io.towpath.cni.verbs.NodeOverlay;
import io.towpath.cni.verbs.NodeVerbs;
import io.towpath.cni.wiring.LinuxNamespaces;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.util.Map;

/** The executable: a CNI plugin, which a runtime calls. */
public final class Main {
    private static final int FAILED = 1;
    private static final String ABOUT = "CNI plugin towpath " + BuildInfo.VERSION;

    private Main() {}

    /** Serves one call of a runtime, or answers a person who gives arguments, and ends the process. */
    public static void main(String[] arguments) {
        int exitCode;
        try {
            exitCode = run(arguments);
        } catch (RuntimeException | Error e) {
            System.err.println("towpath: " + FailureLine.of(e));
            FailureLine.trace(e, System.err);
            exitCode = FAILED;
        }
        Runtime.getRuntime().halt(exitCode);
    }

    private static int run(String[] arguments) {
        Map<String, String> environment = System.getenv();
        boolean fromRuntime = !environment.getOrDefault("CNI_COMMAND", "").isEmpty();
        return arguments.length > 0 && !fromRuntime
                ? Usage.answer(arguments, System.out, System.err)
                : Protocol.serve(
                        environment,
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out),
                        System.err,
                        ABOUT,
                        new NodeVerbs(
                                LinuxNamespaces::new,
                                new NodeOverlay(System.err),
                                new HostLocalLeases(),
                                new AgentPolicies(System.err)));
    }
}
