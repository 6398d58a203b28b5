package io.towpath.ipam;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which leases an attachment has, without reading every one: kept in {@link IndexFiles} beside the leases, where the
 * reference plugin never looks. It only says where to look: whose a lease is, its file alone tells.
 *
 * <p>It holds for as long as nobody else changed the lease directory. After each change of ours the directory's
 * modification time gets {@link #MARK} for its nanoseconds; anybody else's change makes it the time of day. It holds for
 * one boot only: at the first use in another one the leases of earlier boots are dropped.
 *
 * <p>An index that cannot be written costs the next call a look at all leases. It never costs an attachment its address, nor
 * a full disk the means to give one back.
 *
 * <p>It holds the lease directory's lock and serves one call.
 */
final class LeaseIndex implements AutoCloseable {
    /** The nanoseconds of a lease directory's modification time that say: indexed. */
    static final int MARK = 718_281_828;

    private static final long SECOND = 1_000_000_000L;

    private final LeaseDirectory leases;
    private final IndexFiles files;
    private final Boot boot;
    private final Disk.Lock lock;
    private @Nullable LinuxException failure;
    private @Nullable Map<Attachment, List<LeaseFile>> all;

    private LeaseIndex(LeaseDirectory leases, IndexFiles files, Boot boot, Disk.Lock lock) {
        this.leases = leases;
        this.files = files;
        this.boot = boot;
        this.lock = lock;
    }

    /** Waits for the lock, and makes the index anew if the leases were changed by others or the node was booted since. */
    static LeaseIndex open(LeaseDirectory leases, IndexFiles files, Boot boot) throws LinuxException {
        LeaseIndex index = new LeaseIndex(leases, files, boot, leases.lock());
        boolean fresh = false;
        try {
            index.refresh();
            fresh = true;
        } finally {
            if (!fresh) {
                index.close();
            }
        }
        return index;
    }

    @Override
    public void close() {
        lock.close();
    }

    private void refresh() throws LinuxException {
        String current = boot.id();
        String indexed = indexedBoot();
        boolean marked = isMarked();
        if (!marked || !current.equals(indexed)) {
            rebuild(indexed, current, marked);
        }
    }

    /** An index that cannot be read now, here and below, is none for this call; a later one may read it, so it stays. */
    private String indexedBoot() {
        try {
            return files.boot();
        } catch (LinuxException e) {
            failure = e;
            return "";
        }
    }

    private List<LeaseFile> indexedBefore() {
        try {
            return files.all();
        } catch (LinuxException e) {
            failure = e;
            return List.of();
        }
    }

    private @Nullable List<LeaseFile> indexed(Attachment owner) {
        try {
            return files.get(owner);
        } catch (LinuxException e) {
            failure = e;
            return null;
        }
    }

    private boolean isMarked() throws LinuxException {
        Linux.Status status = leases.status();
        return status != null && Math.floorMod(status.modified(), SECOND) == MARK;
    }

    /** Says that the leases are as the index has them. To be called after every change of ours. */
    void mark() {
        write(() -> leases.setModified(System.currentTimeMillis() / 1000, MARK));
    }

    private void rebuild(String indexed, String current, boolean marked) throws LinuxException {
        boolean rebooted = !indexed.isEmpty() && !indexed.equals(current);
        List<LeaseFile> before = rebooted && !marked ? indexedBefore() : List.of();
        Map<Attachment, List<LeaseFile>> found = new LinkedHashMap<>();
        for (LeaseFile file : leases.filesWithoutLeftovers()) {
            boolean ofEarlierBoot = rebooted && (marked || contains(before, file));
            if (file.state() == LeaseFile.State.TORN || (ofEarlierBoot && file.isLease())) {
                leases.remove(file.address());
            } else if (file.isLease()) {
                found.computeIfAbsent(file.attachment(), a -> new ArrayList<>()).add(file);
            } else if (file.state() == LeaseFile.State.UNREADABLE) {
                failure = leases.unreadable(file);
            }
        }
        all = found;
        write(() -> {
            if (!indexed.equals(current)) {
                // From here on neither the mark nor what is indexed may pass for a word about an earlier boot: what was
                // kept above may be alive. Should this process die, the next one of this boot keeps it as well.
                leases.setModified(System.currentTimeMillis() / 1000, 0);
                files.setBoot(current);
            }
            files.replaceAll(found);
        });
        mark();
    }

    private static boolean contains(List<LeaseFile> files, LeaseFile wanted) {
        for (LeaseFile file : files) {
            if (file.isSameFileAs(wanted)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The leases of an attachment, those in the old format included, as their files are now. What the index has beyond that
     * was removed by somebody who took no lock.
     */
    List<LeaseFile> held(Attachment attachment) throws LinuxException {
        Attachment old = new Attachment(attachment.containerId(), "");
        List<LeaseFile> held = new ArrayList<>();
        addHeld(held, attachment);
        if (!old.equals(attachment)) {
            addHeld(held, old);
        }
        return held;
    }

    private void addHeld(List<LeaseFile> held, Attachment owner) throws LinuxException {
        Map<Attachment, List<LeaseFile>> looked = all;
        List<LeaseFile> noted = looked == null ? indexed(owner) : looked.getOrDefault(owner, List.of());
        if (noted == null) {
            for (LeaseFile file : leases.files()) {
                if (file.attachment().equals(owner)) {
                    held.add(file);
                }
            }
            return;
        }
        for (LeaseFile note : noted) {
            LeaseFile file = leases.find(note.address());
            if (file != null && file.attachment().equals(owner)) {
                held.add(file);
            } else if (file != null && file.state() == LeaseFile.State.UNREADABLE && file.isSameFileAs(note)) {
                held.add(note);
            }
        }
    }

    /** Notes all leases that an owner has now: an attachment, or a container in the old format. */
    void put(Attachment owner, List<LeaseFile> held) {
        if (all != null) {
            all.put(owner, held);
        }
        write(() -> files.put(owner, held));
    }

    private interface Write {
        void run() throws LinuxException;
    }

    /** After a failure nothing more is written and so no mark either: the next call makes the index anew. */
    private void write(Write write) {
        if (failure != null) {
            return;
        }
        try {
            write.run();
        } catch (LinuxException e) {
            failure = e;
        }
    }

    /** Why the index could not be kept, null if it was. */
    @Nullable
    LinuxException failure() {
        return failure;
    }
}
