package io.towpath.overlay;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The settings and offloads beside a fake kernel; those of a device come and go with it, told by its index. */
final class FakeHost implements Host {
    private final Rtnl rtnl;
    private final Map<String, String> settings = new HashMap<>();
    private final List<String> writes = new ArrayList<>();
    private String kernel = "6.1.0";
    private @Nullable String refused;

    FakeHost(Rtnl rtnl) {
        this.rtnl = rtnl;
    }

    List<String> writes() {
        return writes;
    }

    void kernel(String release) {
        kernel = release;
    }

    /** Refuses to write what has a part, null for nothing. */
    void refuse(@Nullable String part) {
        refused = part;
    }

    @Override
    public String name() {
        return "n1";
    }

    @Override
    public String kernelRelease() {
        return kernel;
    }

    @Override
    public @Nullable String sysctl(String key) throws LinuxException {
        String place = place(key);
        return place == null ? null : settings.computeIfAbsent(place, k -> k.endsWith("accept_ra") ? "1" : "0");
    }

    @Override
    public void setSysctl(String key, String value) throws LinuxException {
        String place = place(key);
        if (place == null || (refused != null && key.contains(refused))) {
            throw new LinuxException("write " + key, place == null ? Errno.ENOENT : Errno.EACCES);
        }
        settings.put(place, value);
        writes.add(key + "=" + value);
    }

    @Override
    public @Nullable String driver(String device) {
        return null;
    }

    @Override
    public boolean txChecksumOffload(String device) throws LinuxException {
        return !settings.containsKey("offload " + index(device));
    }

    @Override
    public void disableTxChecksumOffload(String device) throws LinuxException {
        settings.put("offload " + index(device), "off");
        writes.add("offload " + device);
    }

    private @Nullable String place(String key) throws NetlinkException {
        String[] parts = key.split("/", -1);
        if (parts.length < 5 || Set.of("all", "default").contains(parts[3])) {
            return key;
        }
        Link link = rtnl.link(parts[3]);
        return link == null ? null : link.index() + " " + parts[4];
    }

    private int index(String device) throws LinuxException {
        Link link = rtnl.link(device);
        if (link == null) {
            throw new LinuxException("ethtool " + device, Errno.ENODEV);
        }
        return link.index();
    }
}
