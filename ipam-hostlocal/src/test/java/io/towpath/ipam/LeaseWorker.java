package io.towpath.ipam;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A process of its own that leases and releases. Prints a line after each call. */
final class LeaseWorker {
    private static final int ATTACHMENTS = 12;

    private LeaseWorker() {}

    /** Takes data folder, network, prefix of the containers' IDs, seed, number of calls and configuration. */
    @SuppressWarnings("SystemOut") // the parent reads it
    public static void main(String[] args) throws Exception {
        HostLocal hostLocal = HostLocal.of(args[0], args[1]);
        IpamConfig config = Store.config(args[5]);
        Random random = new Random(Long.parseLong(args[3]));
        boolean[] held = new boolean[ATTACHMENTS];
        for (int i = 0; i < Integer.parseInt(args[4]); i++) {
            int number = random.nextInt(ATTACHMENTS);
            Attachment attachment = Store.eth0(args[2] + number);
            if (held[number]) {
                hostLocal.release(attachment);
                System.out.println("del " + attachment.containerId());
            } else {
                for (AllocatedIp ip : hostLocal.allocate(config, attachment)) {
                    System.out.println("add " + attachment.containerId() + " "
                            + ip.address().address());
                }
            }
            held[number] = !held[number];
        }
    }

    /** The command that runs {@link #main}, or that of another class, on this JVM's class path. */
    static List<String> command(Class<?> main, String... args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator),
                main.getName()));
        command.addAll(List.of(args));
        return command;
    }

    static Process start(Path dataDir, String prefix, long seed, int calls, String config) throws IOException {
        return new ProcessBuilder(command(
                        LeaseWorker.class,
                        dataDir.toString(),
                        Store.NETWORK,
                        prefix,
                        Long.toString(seed),
                        Integer.toString(calls),
                        config))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }
}
