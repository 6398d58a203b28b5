package io.towpath.cni.protocol;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Understands a result of any version by its keys: {@code ip4} and {@code ip6} are those of 0.1.0 and 0.2.0, {@code ips}
 * that of all later ones; {@code ips[].version} of 0.3.0 to 0.4.0 says nothing that the address does not.
 */
final class ResultReader {
    private static final int MAX_INT = Integer.MAX_VALUE;
    private static final long MAX_UINT32 = 0xffff_ffffL;
    private static final int MAX_SCOPE = 255;

    private ResultReader() {}

    /** @throws CniException code 1 for an unknown version, 6 or 7 naming the key that is not understood */
    static Result read(Fields fields) throws CniException {
        String version = fields.text("cniVersion");
        if (!version.isEmpty()) {
            CniVersion.requireSupported(version);
        }
        List<Result.Interface> interfaces = new ArrayList<>();
        for (Fields each : fields.objects("interfaces")) {
            interfaces.add(readInterface(each));
        }
        List<Result.Ip> ips = new ArrayList<>();
        List<Result.Route> routes = new ArrayList<>();
        readLegacy(fields, "ip4", ips, routes);
        readLegacy(fields, "ip6", ips, routes);
        for (Fields each : fields.objects("ips")) {
            ips.add(readIp(each, interfaces.size()));
        }
        readRoutes(fields, routes);
        return new Result(interfaces, ips, routes, readDns(fields.object("dns")));
    }

    static Dns readDns(Fields fields) throws CniException {
        return new Dns(
                fields.texts("nameservers"), fields.text("domain"), fields.texts("search"), fields.texts("options"));
    }

    private static Result.Interface readInterface(Fields fields) throws CniException {
        return new Result.Interface(
                fields.text("name"),
                fields.text("mac"),
                (int) fields.number("mtu", 0, MAX_INT, 0),
                fields.text("sandbox"),
                fields.text("socketPath"),
                fields.text("pciID"));
    }

    private static Result.Ip readIp(Fields fields, int interfaces) throws CniException {
        Long index = fields.number("interface", 0, MAX_INT);
        if (index != null && index >= interfaces) {
            throw fields.invalid("interface", "is no index into the " + interfaces + " interfaces of the result");
        }
        return new Result.Ip(fields.prefix("address"), fields.address("gateway"), intOrNull(index));
    }

    private static void readLegacy(Fields result, String key, List<Result.Ip> ips, List<Result.Route> routes)
            throws CniException {
        if (result.has(key)) {
            Fields fields = result.object(key);
            ips.add(new Result.Ip(fields.prefix("ip"), fields.address("gateway"), null));
            readRoutes(fields, routes);
        }
    }

    private static void readRoutes(Fields fields, List<Result.Route> routes) throws CniException {
        for (Fields each : fields.objects("routes")) {
            routes.add(new Result.Route(
                    each.prefix("dst"),
                    each.address("gw"),
                    (int) each.number("mtu", 0, MAX_INT, 0),
                    (int) each.number("advmss", 0, MAX_INT, 0),
                    each.number("priority", 0, MAX_UINT32, 0),
                    each.number("table", 0, MAX_UINT32),
                    intOrNull(each.number("scope", 0, MAX_SCOPE))));
        }
    }

    private static @Nullable Integer intOrNull(@Nullable Long number) {
        return number == null ? null : Math.toIntExact(number);
    }
}
