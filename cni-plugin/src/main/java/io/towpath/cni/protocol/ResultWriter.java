package io.towpath.cni.protocol;

/**
 * Writes a result in the version that a configuration asks for, with the conversions of the reference library
 * (pkg/types/100, 040 and 020).
 */
final class ResultWriter {
    private ResultWriter() {}

    /**
     * The result as JSON.
     *
     * @param version one of {@link CniVersion#SUPPORTED}
     * @throws CniException code 999 if the version cannot express the result: 0.1.0 and 0.2.0 need an address
     */
    static byte[] write(Result result, String version) throws CniException {
        JsonText json = new JsonText().beginObject().field("cniVersion", version);
        switch (version) {
            case "0.1.0", "0.2.0" -> writeLegacy(json, result);
            case "0.3.0", "0.3.1", "0.4.0" -> write04(json, result);
            default -> write10(json, result);
        }
        return json.endObject().bytes();
    }

    /** The keys of every object sorted, as the reference library has them from version 1.0.0 on. */
    private static void write10(JsonText json, Result result) {
        if (!result.dns().isEmpty()) {
            Dns dns = result.dns();
            json.beginObject("dns")
                    .optional("domain", dns.domain())
                    .optional("nameservers", dns.nameservers())
                    .optional("options", dns.options())
                    .optional("search", dns.search())
                    .endObject();
        }
        if (!result.interfaces().isEmpty()) {
            json.beginArray("interfaces");
            for (Result.Interface each : result.interfaces()) {
                json.beginElement()
                        .optional("mac", each.mac())
                        .optional("mtu", each.mtu())
                        .field("name", each.name())
                        .optional("pciID", each.pciId())
                        .optional("sandbox", each.sandbox())
                        .optional("socketPath", each.socketPath())
                        .endObject();
            }
            json.endArray();
        }
        if (!result.ips().isEmpty()) {
            json.beginArray("ips");
            for (Result.Ip each : result.ips()) {
                json.beginElement()
                        .field("address", each.address().toString())
                        .nullable("gateway", each.gateway())
                        .nullable("interface", each.interfaceIndex())
                        .endObject();
            }
            json.endArray();
        }
        if (!result.routes().isEmpty()) {
            json.beginArray("routes");
            for (Result.Route each : result.routes()) {
                json.beginElement()
                        .optional("advmss", each.advmss())
                        .field("dst", each.destination().toString())
                        .nullable("gw", each.gateway())
                        .optional("mtu", each.mtu())
                        .optional("priority", each.priority())
                        .nullable("scope", each.scope())
                        .nullable("table", each.table())
                        .endObject();
            }
            json.endArray();
        }
    }

    /** The interfaces lose mtu, socketPath and pciID; routes keep what they have. */
    private static void write04(JsonText json, Result result) {
        if (!result.interfaces().isEmpty()) {
            json.beginArray("interfaces");
            for (Result.Interface each : result.interfaces()) {
                json.beginElement()
                        .field("name", each.name())
                        .optional("mac", each.mac())
                        .optional("sandbox", each.sandbox())
                        .endObject();
            }
            json.endArray();
        }
        if (!result.ips().isEmpty()) {
            json.beginArray("ips");
            for (Result.Ip each : result.ips()) {
                json.beginElement()
                        .field("version", each.address().address().ipv6() ? "6" : "4")
                        .nullable("interface", each.interfaceIndex())
                        .field("address", each.address().toString())
                        .nullable("gateway", each.gateway())
                        .endObject();
            }
            json.endArray();
        }
        if (!result.routes().isEmpty()) {
            json.beginArray("routes");
            for (Result.Route each : result.routes()) {
                json.beginElement()
                        .field("dst", each.destination().toString())
                        .nullable("gw", each.gateway())
                        .optional("mtu", each.mtu())
                        .optional("advmss", each.advmss())
                        .optional("priority", each.priority())
                        .nullable("table", each.table())
                        .nullable("scope", each.scope())
                        .endObject();
            }
            json.endArray();
        }
        writeDns(json, result.dns());
    }

    /** The first address of each family, each with the routes of its family. */
    private static void writeLegacy(JsonText json, Result result) throws CniException {
        boolean any = writeFamily(json, "ip4", result, false);
        any |= writeFamily(json, "ip6", result, true);
        if (!any) {
            throw new CniException(CniException.INTERNAL, "cannot convert: no valid IP addresses");
        }
        writeDns(json, result.dns());
    }

    private static boolean writeFamily(JsonText json, String key, Result result, boolean ipv6) {
        for (Result.Ip each : result.ips()) {
            if (each.address().address().ipv6() == ipv6) {
                json.beginObject(key).field("ip", each.address().toString()).nullable("gateway", each.gateway());
                writeLegacyRoutes(json, result, ipv6);
                json.endObject();
                return true;
            }
        }
        return false;
    }

    private static void writeLegacyRoutes(JsonText json, Result result, boolean ipv6) {
        boolean open = false;
        for (Result.Route each : result.routes()) {
            if (each.destination().address().ipv6() == ipv6) {
                if (!open) {
                    json.beginArray("routes");
                    open = true;
                }
                json.beginElement()
                        .field("dst", each.destination().toString())
                        .nullable("gw", each.gateway())
                        .endObject();
            }
        }
        if (open) {
            json.endArray();
        }
    }

    /** Before 1.0.0 there is always a dns object, empty as it may be. */
    private static void writeDns(JsonText json, Dns dns) {
        json.beginObject("dns")
                .optional("nameservers", dns.nameservers())
                .optional("domain", dns.domain())
                .optional("search", dns.search())
                .optional("options", dns.options())
                .endObject();
    }
}
