package io.towpath.ipam;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A folder of leases as anybody but the code under test sees it. */
record Store(Path dataDir) {
    static final String NETWORK = "net";
    private static final ObjectMapper JSON = new ObjectMapper();

    Path network() {
        return dataDir.resolve(NETWORK);
    }

    HostLocal open(Disk disk, String boot) {
        return new HostLocal(disk, dataDir.toString(), NETWORK, () -> boot);
    }

    HostLocal open(String boot) {
        return open(Disk.REAL, boot);
    }

    /** Single quotes stand for double ones. */
    static IpamConfig config(String json) throws IpamException, IOException {
        return new IpamConfigReader("/nonexistent/node.json", "/nonexistent/subnet.env")
                .read(JSON.readTree(json.replace('\'', '"')), "");
    }

    static IpamConfig ipam(String ipam) throws IpamException, IOException {
        return config("{'cniVersion':'1.0.0','name':'net','ipam':" + ipam + "}");
    }

    static Attachment eth0(String containerId) {
        return new Attachment(containerId, "eth0");
    }

    /** The content of each file that has an address for its name. */
    Map<String, String> leases() throws IOException {
        Map<String, String> leases = new TreeMap<>();
        if (Files.exists(network())) {
            try (Stream<Path> files = Files.list(network())) {
                for (Path file : files.toList()) {
                    String name = file.getFileName().toString();
                    if (IpAddress.tryParse(name) != null) {
                        leases.put(name, Files.readString(file, StandardCharsets.ISO_8859_1));
                    }
                }
            }
        }
        return leases;
    }

    /** A lease by another program, made a long time ago as the clock has it. */
    void foreign(String address, String content) throws IOException {
        Files.createDirectories(network());
        Files.writeString(network().resolve(address), content, StandardCharsets.ISO_8859_1);
        Files.setLastModifiedTime(network().resolve(address), FileTime.fromMillis(1));
    }

    void foreignRemove(String address) throws IOException {
        Files.delete(network().resolve(address));
    }
}
