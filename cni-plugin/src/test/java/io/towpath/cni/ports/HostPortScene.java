package io.towpath.cni.ports;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import java.io.IOException;
import java.util.List;

/** A node whose host ports are in the real kernel, with nft as the witness, and the attachments that have them. */
final class HostPortScene implements AutoCloseable {
    /** The number in the table, which is another after each change. */
    private static final String REVISION = "(elements = \\{ 0x)\\p{XDigit}+";

    static final OwnerMark ONE = OwnerMark.of("net", "c1", "eth0");
    static final OwnerMark TWO = OwnerMark.of("net", "c2", "eth0");
    static final List<IpAddress> POD = List.of(IpAddress.parse("10.244.1.5"), IpAddress.parse("fd00::5"));

    final TestNamespace namespace = new TestNamespace();
    final LinuxNamespaces node;

    HostPortScene() throws IOException {
        node = new LinuxNamespaces(NetNs.open(namespace.path()));
    }

    static PortMapping mapping(Protocol protocol, int port, String hostIp) {
        return new PortMapping(protocol, port, 80, hostIp.isEmpty() ? null : IpAddress.parse(hostIp));
    }

    static HostPorts ports(OwnerMark mark, PortMapping... mappings) throws CniException {
        return new HostPorts(mark, List.of(mappings), pod(mark));
    }

    /** Every attachment has addresses of its own, the first those of {@link #POD}. */
    static List<IpAddress> pod(OwnerMark mark) {
        if (mark.equals(ONE)) {
            return POD;
        }
        int number = mark.alias().hashCode() & 0xffff;
        return List.of(new IpAddress(false, 0, 0x0af5_0000L + number), new IpAddress(true, 0xfd00L << 48, number));
    }

    /** Opens them where whoever holds one lives. */
    void open(HostPorts ports) throws IOException {
        ports.open(node, other -> true);
    }

    String ruleset() throws IOException {
        return namespace.execute("nft", "list", "ruleset").replaceAll(REVISION, "$1");
    }

    /** What is in maps and sets. */
    List<String> elements() throws IOException {
        return ruleset()
                .lines()
                .filter(line -> line.contains("comment"))
                .map(String::strip)
                .toList();
    }

    @Override
    public void close() throws IOException {
        node.close();
        namespace.close();
    }
}
