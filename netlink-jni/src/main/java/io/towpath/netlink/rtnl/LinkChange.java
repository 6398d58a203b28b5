package io.towpath.netlink.rtnl;

import io.towpath.net.MacAddress;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to change of a link; what is not said stays as it is.
 *
 * @param index the link, 0 if it is told by name
 * @param name the link's present name, null if it is told by index
 * @param up whether to set it up or down
 * @param mtu in bytes
 * @param mac its hardware address
 * @param newName the name to give it
 * @param master the index of the bridge to put it in, 0 for out of it
 * @param addrGenMode how IPv6 link-local addresses are made, IN6_ADDR_GEN_MODE_*; takes effect before the link is set up
 * @param alias a note to put on it, at most 255 bytes, readable by everybody (IFLA_IFALIAS); empty for none
 * @param ipv4 settings for IPv4
 */
public record LinkChange(
        int index,
        @Nullable String name,
        @Nullable Boolean up,
        @Nullable Integer mtu,
        @Nullable MacAddress mac,
        @Nullable String newName,
        @Nullable Integer master,
        @Nullable Integer addrGenMode,
        @Nullable String alias,
        Map<Ipv4Devconf, Integer> ipv4) {

    /** Link-local address from the hardware address, {@code linux/if_link.h}. */
    public static final int IN6_ADDR_GEN_MODE_EUI64 = 0;

    /** No link-local address. */
    public static final int IN6_ADDR_GEN_MODE_NONE = 1;

    public LinkChange {
        ipv4 = ipv4.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(ipv4));
    }

    /** No change yet of the link with an index. */
    public static LinkChange of(int index) {
        return new LinkChange(index, null, null, null, null, null, null, null, null, Map.of());
    }

    /** No change yet of the link with a name. */
    public static LinkChange of(String name) {
        return new LinkChange(0, name, null, null, null, null, null, null, null, Map.of());
    }

    public LinkChange withUp(boolean value) {
        return new LinkChange(index, name, value, mtu, mac, newName, master, addrGenMode, alias, ipv4);
    }

    public LinkChange withMtu(int value) {
        return new LinkChange(index, name, up, value, mac, newName, master, addrGenMode, alias, ipv4);
    }

    public LinkChange withMac(MacAddress value) {
        return new LinkChange(index, name, up, mtu, value, newName, master, addrGenMode, alias, ipv4);
    }

    public LinkChange withNewName(String value) {
        return new LinkChange(index, name, up, mtu, mac, value, master, addrGenMode, alias, ipv4);
    }

    public LinkChange withMaster(int value) {
        return new LinkChange(index, name, up, mtu, mac, newName, value, addrGenMode, alias, ipv4);
    }

    public LinkChange withAddrGenMode(int value) {
        return new LinkChange(index, name, up, mtu, mac, newName, master, value, alias, ipv4);
    }

    public LinkChange withAlias(String value) {
        return new LinkChange(index, name, up, mtu, mac, newName, master, addrGenMode, value, ipv4);
    }

    /** Adds a setting for IPv4, or replaces the value of one. */
    public LinkChange with(Ipv4Devconf setting, int value) {
        Map<Ipv4Devconf, Integer> settings = new EnumMap<>(Ipv4Devconf.class);
        settings.putAll(ipv4);
        settings.put(setting, value);
        return new LinkChange(index, name, up, mtu, mac, newName, master, addrGenMode, alias, settings);
    }

    /** One line, such as {@code "cali1 up mtu 1450 proxy_arp 1"}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name == null ? "index " + index : name);
        if (up != null) {
            text.append(up ? " up" : " down");
        }
        append(text, " mtu ", mtu);
        append(text, " address ", mac);
        append(text, " name ", newName);
        append(text, " master ", master);
        append(text, " addrgenmode ", addrGenMode);
        append(text, " alias ", alias);
        ipv4.forEach(
                (setting, value) -> text.append(' ').append(setting).append(' ').append(value));
        return text.toString();
    }

    private static void append(StringBuilder text, String word, @Nullable Object value) {
        if (value != null) {
            text.append(word).append(value);
        }
    }
}
