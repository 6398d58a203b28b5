package io.towpath.cni.protocol;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.List;

/** Results that several tests speak about. */
final class ResultSamples {
    static final Result ONE_IPV4 = new Result(
            List.of(
                    new Result.Interface("cali0a1b2c3d4e5", "ee:ee:ee:ee:ee:ee", 1450, ""),
                    new Result.Interface("eth0", "02:00:00:00:00:01", 1450, "/run/netns/pod")),
            List.of(new Result.Ip(IpPrefix.parse("10.244.1.5/32"), null, 1)),
            List.of(),
            Dns.EMPTY);

    /** Everything that version 1.1.0 can say. */
    static final Result FULL = new Result(
            List.of(
                    new Result.Interface("cali1", "ee:ee:ee:ee:ee:ee", 1450, ""),
                    new Result.Interface(
                            "eth0", "02:00:00:00:00:01", 1450, "/run/netns/<a&b>", "/run/s.sock", "0000:1")),
            List.of(
                    new Result.Ip(IpPrefix.parse("10.1.0.5/16"), IpAddress.parse("10.1.0.1"), 1),
                    new Result.Ip(IpPrefix.parse("10.2.0.5/16"), null, 1),
                    new Result.Ip(IpPrefix.parse("2001:db8::5/64"), IpAddress.parse("2001:db8::1"), null)),
            List.of(
                    new Result.Route(IpPrefix.parse("0.0.0.0/0"), IpAddress.parse("10.1.0.1")),
                    new Result.Route(IpPrefix.parse("10.9.0.0/16"), null, 1400, 1360, 4294967295L, 4294967295L, 0),
                    new Result.Route(IpPrefix.parse("::/0"), IpAddress.parse("2001:db8::1"), 0, 0, 0, 0L, 253)),
            new Dns(List.of("1.1.1.1", "2001:db8::53"), "example.org", List.of("a", "b"), List.of("ndots:5")));

    private ResultSamples() {}
}
