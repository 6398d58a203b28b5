package io.towpath.netlink.rtnl;

/** What kind of device a link is (IFLA_LINKINFO), with what is particular to the kind. */
public sealed interface LinkKind {
    /** The name the kernel knows the kind by, empty for a device without one, such as a physical one. */
    String name();

    /** One end of a virtual Ethernet pair; the other is at {@link Link#parentIndex()} in {@link Link#peerNsid()}. */
    record Veth() implements LinkKind {
        @Override
        public String name() {
            return "veth";
        }
    }

    /** A VXLAN tunnel end point. */
    record VxlanTunnel(Vxlan attributes) implements LinkKind {
        @Override
        public String name() {
            return "vxlan";
        }
    }

    /** Any other kind. */
    record Other(String name) implements LinkKind {}
}
