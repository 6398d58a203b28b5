package io.towpath.lab.kubernetes;

import io.towpath.lab.DeadLabs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks Towpath on a real Kubernetes, part by part: {@code scripts/conformance} runs it. Logs go to a folder for each part; the
 * exit code is 0 if nothing failed.
 */
public final class Conformance {
    private static final String WRITE = "--write";
    private static final String PAGE = "--page";
    private static final Map<String, Settings> FAMILIES = new LinkedHashMap<>();
    private static final Map<String, Suite> PARTS = new LinkedHashMap<>();

    static {
        FAMILIES.put("ipv4", Settings.IPV4);
        FAMILIES.put("ipv6", Settings.IPV6);
        FAMILIES.put("dual", Settings.DUAL);
        PARTS.put("smoke", Smoke::run);
        PARTS.put("ipvs", Smoke::besideIpvs);
        PARTS.put("churn", Churn::run);
        PARTS.put("outages", Outages::run);
        PARTS.put("api", ApiDays::run);
        PARTS.put("net-conf", NetConfChanges::run);
        PARTS.put("addresses", Addresses::run);
        PARTS.put("flannel-dual", BesideFlannel.on(Settings.DUAL));
        PARTS.put("flannel-ipv6", BesideFlannel.on(Settings.IPV6));
        PARTS.put("families", SecondFamily::run);
        PARTS.put("migrate-ipv4", Migrate.on(Settings.IPV4));
        PARTS.put("migrate-dual", Migrate.on(Settings.DUAL));
        PARTS.put("uninstall", Uninstall::run);
        for (Map.Entry<String, Settings> families : FAMILIES.entrySet()) {
            PARTS.put("policy-" + families.getKey(), PolicySuites.on(families.getValue()));
        }
        for (String mode : List.of("iptables", "nftables")) {
            for (Map.Entry<String, Settings> families : FAMILIES.entrySet()) {
                PARTS.put(
                        "services-" + mode + "-" + families.getKey(), ServiceSuites.beside(mode, families.getValue()));
            }
        }
    }

    private Conformance() {}

    /** A part. */
    interface Suite {
        /**
         * Runs it on a cluster of its own.
         *
         * @param root the project's folder, built
         * @param logs for what the programs say
         */
        void run(Report report, Path root, Path logs) throws IOException;
    }

    /** Whether a part is meant: by its name, or by the name of several, as {@code services}. */
    private static boolean isMeant(String part, String name) {
        return part.equals(name) || part.startsWith(name + "-");
    }

    /** Runs a part; one that breaks off, as where a signal has ended the cluster's programs but not this one, keeps none from running. */
    static void run(String name, Suite suite, Report report, Path root, Path logs) {
        try {
            suite.run(report, root, logs.resolve(name));
        } catch (Exception | AssertionError e) {
            report.brokenOff(name, e);
        }
    }

    /** The names of all parts, in their order. */
    static Set<String> parts() {
        return PARTS.keySet();
    }

    /**
     * Runs parts. Arguments: the project's folder, the folder for logs, and the parts; all if none is named. With {@code --write},
     * what came of each is kept, and the page and README's line are written; with {@code --page}, they are written and nothing runs.
     */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        Path logs = Path.of(arguments[1]);
        List<String> words = List.of(arguments).subList(2, arguments.length);
        if (words.contains(PAGE)) {
            ResultPage.write(root, parts());
            return;
        }
        boolean writes = words.contains(WRITE);
        List<String> named = words.stream().filter(word -> !word.equals(WRITE)).toList();
        for (String name : named) {
            if (PARTS.keySet().stream().noneMatch(part -> isMeant(part, name))) {
                System.err.println("conformance: there is no part \"" + name + "\": there are "
                        + String.join(", ", PARTS.keySet()));
                System.exit(2);
            }
        }
        String commit = writes ? Versions.commit(root) : "";
        DeadLabs.remove();
        Report report = new Report(System.out);
        Runtime.getRuntime().addShutdownHook(new Thread(report::interrupt, "interrupt"));
        for (Map.Entry<String, Suite> part : PARTS.entrySet()) {
            boolean isNamed = named.isEmpty() || named.stream().anyMatch(name -> isMeant(part.getKey(), name));
            // A cluster that were made now would be taken down by nobody.
            if (isNamed && !report.isInterrupted()) {
                int before = report.rows().size();
                run(part.getKey(), part.getValue(), report, root, logs);
                if (writes && !report.isInterrupted()) {
                    List<Report.Row> rows = report.rows();
                    write(root, part.getKey(), commit, rows.subList(before, rows.size()));
                }
            }
        }
        report.print();
        report.end();
        System.exit(report.isWell() ? 0 : 1);
    }

    private static void write(Path root, String part, String commit, List<Report.Row> rows) throws IOException {
        String day = LocalDate.now(ZoneOffset.UTC).toString();
        PartResult.of(part, day, commit, Versions.programs(root), rows).write(ResultPage.folder(root));
        ResultPage.write(root, parts());
    }
}
