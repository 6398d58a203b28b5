package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.TrafficControl.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.TrafficCodec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The queueing disciplines and filters of a fake namespace: net/sched/sch_api.c, net/sched/cls_api.c. Those that every link has are not shown. */
final class FakeTraffic {
    private static final List<String> KINDS = List.of("tbf", "ingress");
    private static final int FIRST_HANDLE = 0x8001_0000;
    private static final int NEXT_HANDLE = 0x1_0000;

    private final FakeNamespace namespace;
    private final List<Qdisc> qdiscs = new ArrayList<>();
    private final List<Filter> filters = new ArrayList<>();
    private int freeHandle = FIRST_HANDLE;

    FakeTraffic(FakeNamespace namespace) {
        this.namespace = namespace;
    }

    FakeOperation listQdiscs() {
        return FakeOperation.read(
                "qdisc list", () -> FakeOperation.messages(RTM_NEWQDISC, List.copyOf(qdiscs), TrafficCodec::writeBody));
    }

    FakeOperation listFilters(int linkIndex, int parent) {
        return FakeOperation.read("filter list dev " + linkIndex, () -> {
            List<Filter> listed = filters.stream()
                    .filter(filter -> filter.linkIndex() == linkIndex && filter.parent() == parent)
                    .toList();
            return FakeOperation.messages(RTM_NEWTFILTER, listed, TrafficCodec::writeBody);
        });
    }

    void add(Qdisc qdisc, int flags) throws FakeRefusal {
        namespace.links().get(qdisc.linkIndex(), null);
        if (!KINDS.contains(qdisc.kind().name())) {
            throw new FakeRefusal(Errno.ENOENT, "Specified qdisc kind is unknown");
        }
        Qdisc old = find(qdisc.linkIndex(), qdisc.parent());
        if (old != null && (flags & NLM_F_EXCL) != 0) {
            throw new FakeRefusal(Errno.EEXIST, "Exclusivity flag on, cannot modify");
        }
        qdiscs.remove(old);
        int handle = qdisc.handle();
        if (handle == 0) {
            handle = freeHandle;
            freeHandle += NEXT_HANDLE;
        }
        qdiscs.add(new Qdisc(qdisc.linkIndex(), handle, qdisc.parent(), qdisc.kind()));
    }

    void delete(Qdisc qdisc) throws FakeRefusal {
        namespace.links().get(qdisc.linkIndex(), null);
        Qdisc old = find(qdisc.linkIndex(), qdisc.parent());
        if (old == null || !old.kind().name().equals(qdisc.kind().name())) {
            // Every link has one of a kind that cannot be asked for.
            throw new FakeRefusal(Errno.EINVAL, "Invalid qdisc name: must match existing qdisc");
        }
        qdiscs.remove(old);
        filters.removeIf(filter -> filter.linkIndex() == old.linkIndex() && filter.parent() == old.handle());
    }

    void add(Filter filter) throws FakeRefusal {
        namespace.links().get(filter.linkIndex(), null);
        requireParent(filter);
        if (filter.redirectTo() != 0) {
            namespace.links().get(filter.redirectTo(), null);
        }
        filters.add(filter);
    }

    void delete(Filter filter) throws FakeRefusal {
        namespace.links().get(filter.linkIndex(), null);
        requireParent(filter);
        boolean removed = filters.removeIf(each -> each.linkIndex() == filter.linkIndex()
                && each.parent() == filter.parent()
                && each.priority() == filter.priority()
                && each.protocol() == filter.protocol());
        if (!removed) {
            throw new FakeRefusal(Errno.ENOENT, "Filter with specified priority/protocol not found");
        }
    }

    private void requireParent(Filter filter) throws FakeRefusal {
        boolean isThere = qdiscs.stream()
                .anyMatch(qdisc -> qdisc.linkIndex() == filter.linkIndex() && qdisc.handle() == filter.parent());
        if (!isThere) {
            throw new FakeRefusal(Errno.EINVAL, "Parent Qdisc doesn't exists");
        }
    }

    private @Nullable Qdisc find(int linkIndex, int parent) {
        return qdiscs.stream()
                .filter(qdisc -> qdisc.linkIndex() == linkIndex && qdisc.parent() == parent)
                .findFirst()
                .orElse(null);
    }

    /** What redirects to the link that is gone redirects nowhere from now on. */
    void linkIsGone(int linkIndex) {
        qdiscs.removeIf(qdisc -> qdisc.linkIndex() == linkIndex);
        filters.removeIf(filter -> filter.linkIndex() == linkIndex);
        filters.replaceAll(filter -> filter.redirectTo() != linkIndex
                ? filter
                : new Filter(
                        filter.linkIndex(),
                        filter.parent(),
                        filter.priority(),
                        filter.protocol(),
                        filter.kind(),
                        filter.source(),
                        0));
    }
}
