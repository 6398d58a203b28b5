package io.towpath.agent.source.kube;

import io.netty.channel.epoll.Epoll;
import io.towpath.agent.attachments.Attachments;
import io.towpath.agent.attachments.AttachmentsController;
import io.towpath.agent.log.Log;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.runtime.ControlThread;
import io.towpath.agent.runtime.Controller;
import io.towpath.netlink.NetlinkException;
import io.towpath.policy.nft.PolicyOptions;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A process that starts threads of the agent while it has no file descriptor to spare, and then has. Ends with 0 if all of them work then. */
final class WithoutDescriptors {
    private static final ByteArrayOutputStream LOGGED = new ByteArrayOutputStream();

    private static final PolicyOptions LOGGING = new PolicyOptions(true, 8472, 1, 10);

    private WithoutDescriptors() {}

    public static void main(String[] arguments) throws Exception {
        Epoll.ensureAvailability(); // the library comes from a file
        PrintStream out = new PrintStream(LOGGED, true, StandardCharsets.UTF_8);
        Log log = new Log(out, Log.Form.TEXT, Log.Level.INFO, Clock.systemUTC());
        CountDownLatch lookedAfter = new CountDownLatch(1);
        Told told = new Told();
        FakeApi api = new FakeApi();
        api.put(Nodes.bare("self", 1));
        Attachments.Files files =
                new Attachments.Files(arguments[0] + "/none", arguments[0] + "/none", arguments[0] + "/none");
        try (api;
                ControlThread attachments = thread(
                        "attachments", log, new AttachmentsController(files, log, (_, _) -> lookedAfter.countDown()));
                ControlThread denials = thread(
                        "policy log",
                        log,
                        new DenialReader(log, LOGGING, () -> null, () -> io.towpath.policy.explain.Nodes.NONE));
                KubernetesClusterSource source = Sources.of(new ApiAccess(api.url(), null, null, null))) {
            List<InputStream> all = takeAll();
            attachments.start();
            if (!DenialReader.possible(LOGGING, log).equals(LOGGING)) {
                throw new AssertionError("it is taken for a kernel that cannot log");
            }
            denials.start();
            source.start(told);
            awaitLogged("subject=\"thread attachments\"");
            awaitLogged("subject=\"policy log\"");
            told.troubled("cannot be asked");
            for (InputStream each : all) {
                each.close();
            }
            told.withNodes("self");
            if (!lookedAfter.await(Told.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("nobody looks after attachments: " + logged());
            }
            awaitLogged("problem ended  subject=\"policy log\"");
        }
        long lines = logged().lines()
                .filter(line -> line.contains("subject=\"thread attachments\""))
                .count();
        if (lines != 1) {
            throw new AssertionError(logged());
        }
        System.exit(0);
    }

    private static ControlThread thread(String name, Log log, Controller controller) throws NetlinkException {
        return new ControlThread(name, Duration.ofMinutes(5), log, List.of(controller));
    }

    private static List<InputStream> takeAll() {
        List<InputStream> all = new ArrayList<>();
        try {
            while (true) {
                all.add(new FileInputStream("/dev/null"));
            }
        } catch (IOException _) {
            return all;
        }
    }

    private static String logged() {
        return LOGGED.toString(StandardCharsets.UTF_8);
    }

    private static void awaitLogged(String part) {
        long end = System.nanoTime() + Told.LIMIT.toNanos();
        while (!logged().contains(part)) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("nothing of " + part + " in: " + logged());
            }
            LockSupport.parkNanos(5_000_000);
        }
    }
}
