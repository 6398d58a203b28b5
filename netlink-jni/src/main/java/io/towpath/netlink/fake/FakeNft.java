package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.fake.FakeTable.ElementKey;
import io.towpath.netlink.fake.FakeTable.FakeSet;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.ElementCodec.Part;
import io.towpath.netlink.nft.NftEvents;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tables of a namespace, changed by transactions. */
final class FakeNft {
    private Map<String, FakeTable> tables = new LinkedHashMap<>();
    private @Nullable Map<String, FakeTable> before;
    private boolean failed;
    private long lastHandle;
    private int generation = 1;
    private final Set<Table> written = new LinkedHashSet<>();
    private final List<FakeNftEvents> readers = new ArrayList<>();

    int generation() {
        return generation;
    }

    void begin() {
        before = new LinkedHashMap<>();
        for (Map.Entry<String, FakeTable> entry : tables.entrySet()) {
            before.put(entry.getKey(), entry.getValue().copy());
        }
        failed = false;
        written.clear();
    }

    NftEvents events() {
        FakeNftEvents events = new FakeNftEvents();
        readers.add(events);
        return events;
    }

    void refused() {
        failed = true;
    }

    /** @param port of whose transaction it is */
    void end(int port) {
        if (failed && before != null) {
            tables = before;
        } else {
            generation++;
            readers.forEach(reader -> reader.add(written, generation, port));
        }
        before = null;
        failed = false;
    }

    List<Table> tables() {
        return tables.values().stream().map(table -> table.table).toList();
    }

    @Nullable
    FakeTable find(Table table) {
        return tables.get(table.toString());
    }

    FakeTable get(Table table) throws FakeRefusal {
        FakeTable there = FakeTable.known(find(table));
        if (before != null) {
            written.add(table);
        }
        return there;
    }

    private static void refuseIfExclusive(int flags) throws FakeRefusal {
        if ((flags & NLM_F_EXCL) != 0) {
            throw new FakeRefusal(Errno.EEXIST);
        }
    }

    void add(Table table, int flags) throws FakeRefusal {
        if (find(table) != null) {
            refuseIfExclusive(flags);
            return;
        }
        Table whole = new Table(table.family(), table.name(), table.dormant(), table.comment(), ++lastHandle);
        tables.put(table.toString(), new FakeTable(whole));
        written.add(table);
    }

    void delete(Table table) throws FakeRefusal {
        get(table);
        tables.remove(table.toString());
    }

    void add(Chain chain, int flags) throws FakeRefusal {
        FakeTable table = get(chain.table());
        Chain old = table.chains.get(chain.name());
        if (old == null) {
            table.chains.put(
                    chain.name(), new Chain(chain.table(), chain.name(), chain.base(), chain.comment(), ++lastHandle));
            return;
        }
        refuseIfExclusive(flags);
        Chain.Base base = chain.base();
        if (base == null) {
            return;
        }
        if (old.base() == null || !base.equals(old.withDropPolicy(base.drop()).base())) {
            throw new FakeRefusal(Errno.EOPNOTSUPP);
        }
        table.chains.put(chain.name(), old.withDropPolicy(base.drop()));
    }

    void delete(Chain chain) throws FakeRefusal {
        FakeTable table = get(chain.table());
        Chain there = table.chain(chain.name());
        if (chain.handle() != 0 && chain.handle() != there.handle()) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        if (table.isJumpedTo(chain.name())) {
            throw new FakeRefusal(Errno.EBUSY);
        }
        table.rules.removeIf(rule -> rule.chain().equals(chain.name()));
        table.chains.remove(chain.name());
    }

    void add(NftSet set, int flags) throws FakeRefusal {
        FakeTable table = get(set.table());
        FakeSet old = table.sets.get(set.name());
        if (old == null) {
            NftSet whole = new NftSet(
                    set.table(),
                    set.name(),
                    set.key(),
                    set.data(),
                    set.flags(),
                    set.timeoutMillis(),
                    set.size(),
                    set.comment(),
                    set.each(),
                    ++lastHandle);
            table.sets.put(set.name(), new FakeSet(whole, new LinkedHashMap<>()));
            return;
        }
        refuseIfExclusive(flags);
        if (!old.set().toString().equals(set.toString())) {
            throw new FakeRefusal(Errno.EEXIST);
        }
    }

    void deleteSet(Table in, String name) throws FakeRefusal {
        FakeTable table = get(in);
        table.set(name);
        if (table.isUsed(name)) {
            throw new FakeRefusal(Errno.EBUSY);
        }
        table.sets.remove(name);
    }

    void addElements(Table in, String name, List<Part> parts, int flags) throws FakeRefusal {
        FakeTable table = get(in);
        FakeSet set = table.set(name);
        for (Part part : parts) {
            Element element = part.element();
            table.check(element.verdict());
            if (set.set().isMap() && !part.isEnd() && element.data() == null && element.verdict() == null) {
                throw new FakeRefusal(Errno.EINVAL);
            }
            Part old = set.parts().putIfAbsent(new ElementKey(element.key(), part.isEnd()), part);
            if (old == null) {
                continue;
            }
            refuseIfExclusive(flags);
            if (!Objects.equals(old.element().data(), element.data())
                    || !Objects.equals(old.element().verdict(), element.verdict())) {
                throw new FakeRefusal(Errno.EEXIST);
            }
        }
    }

    /** Deletes elements, all of them if none is said. */
    void deleteElements(Table in, String name, @Nullable List<Part> parts) throws FakeRefusal {
        Map<ElementKey, Part> elements = get(in).set(name).parts();
        if (parts == null) {
            elements.clear();
            return;
        }
        for (Part part : parts) {
            FakeTable.known(elements.remove(new ElementKey(part.element().key(), part.isEnd())));
        }
    }

    void add(Rule rule, long position, int flags) throws FakeRefusal {
        FakeTable table = get(rule.table());
        table.check(rule);
        if ((flags & NLM_F_REPLACE) != 0) {
            table.rules.set(table.ruleAt(rule.handle()), numbered(rule));
            return;
        }
        int at = (flags & NLM_F_APPEND) != 0 ? table.rules.size() : 0;
        if (position != 0) {
            at = table.ruleAt(position) + ((flags & NLM_F_APPEND) != 0 ? 1 : 0);
        }
        table.rules.add(at, numbered(rule));
    }

    private Rule numbered(Rule rule) {
        return new Rule(rule.table(), rule.chain(), rule.expressions(), rule.comment(), ++lastHandle);
    }

    /** Deletes the rule of a handle or, with handle 0, all of a chain or, if that is empty, of a table. */
    void deleteRules(Table in, String chain, long handle) throws FakeRefusal {
        FakeTable table = get(in);
        if (!chain.isEmpty()) {
            table.chain(chain);
        }
        if (handle != 0) {
            table.rules.remove(table.ruleAt(handle));
        } else {
            table.rules.removeIf(rule -> chain.isEmpty() || rule.chain().equals(chain));
        }
    }

    /** The rules of a table, those of a chain together as the kernel lists them. */
    List<Rule> rules(Table in, String only) {
        FakeTable table = find(in);
        List<Rule> rules = new ArrayList<>();
        if (table != null) {
            for (String chain : table.chains.keySet()) {
                table.rules.stream()
                        .filter(rule -> rule.chain().equals(chain) && (only.isEmpty() || only.equals(chain)))
                        .forEach(rules::add);
            }
        }
        return rules;
    }

    void addObject(Table in, String name, int flags) throws FakeRefusal {
        if (!get(in).objects.add(name)) {
            refuseIfExclusive(flags);
        }
    }

    void deleteObject(Table in, String name) throws FakeRefusal {
        FakeTable table = get(in);
        if (table.isUsedObject(name)) {
            throw new FakeRefusal(Errno.EBUSY);
        }
        FakeTable.known(table.objects.remove(name) ? name : null);
    }
}
