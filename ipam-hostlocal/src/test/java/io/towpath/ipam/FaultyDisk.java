package io.towpath.ipam;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The machine's disk; notes each step, and has a fault at one of them. */
final class FaultyDisk implements Disk {
    /** What happens. */
    enum Fault {
        /** The process dies before the step. */
        DEATH,
        /** The process dies in the middle of writing a file in place, before any other kind of step. */
        DEATH_IN_WRITE,
        /** This step fails, and all before and after it do not. */
        IO_ERROR,
        /** From this step on there is no space for anything new. */
        FULL
    }

    /** The process is dead: nothing of it catches this. */
    static final class Death extends Error {
        private static final long serialVersionUID = 1;
    }

    private final List<String> steps = new ArrayList<>();
    private final int at;
    private final Fault fault;

    /** @param at the step, counted from 1 */
    FaultyDisk(int at, Fault fault) {
        this.at = at;
        this.fault = fault;
    }

    /** Without a fault. */
    FaultyDisk() {
        this(Integer.MAX_VALUE, Fault.DEATH);
    }

    /** The names of the calls made, each with its path. */
    List<String> steps() {
        return steps;
    }

    boolean reached() {
        return steps.size() >= at;
    }

    private void step(String name, String path) throws LinuxException {
        steps.add(name + " " + path);
        if (dies()) {
            throw new Death();
        }
        if (fault == Fault.IO_ERROR && steps.size() == at) {
            throw new LinuxException(name + " " + path, Errno.EIO);
        }
    }

    private boolean dies() {
        return reached() && (fault == Fault.DEATH || fault == Fault.DEATH_IN_WRITE);
    }

    private void takeSpace(String name, String path) throws LinuxException {
        step(name, path);
        if (reached() && fault == Fault.FULL) {
            throw new LinuxException(name + " " + path, Errno.ENOSPC);
        }
    }

    @Override
    public Lock lock(String path) throws LinuxException {
        step("lock", path);
        return Disk.REAL.lock(path);
    }

    @Override
    public byte @Nullable [] read(String path, int limit) throws LinuxException {
        step("read", path);
        return Disk.REAL.read(path, limit);
    }

    @Override
    public Linux.@Nullable Status status(String path) throws LinuxException {
        step("status", path);
        return Disk.REAL.status(path);
    }

    @Override
    public List<String> list(String directory) throws LinuxException {
        step("list", directory);
        return Disk.REAL.list(directory);
    }

    @Override
    public boolean publishNew(String directory, String name, byte[] content, int mode) throws LinuxException {
        takeSpace("publishNew", directory + "/" + name);
        return Disk.REAL.publishNew(directory, name, content, mode);
    }

    @Override
    public void publish(String directory, String name, byte[] content, int mode) throws LinuxException {
        takeSpace("publish", directory + "/" + name);
        Disk.REAL.publish(directory, name, content, mode);
    }

    @Override
    public void overwrite(String path, byte[] content, int mode) throws LinuxException {
        boolean truncates = steps.size() + 1 >= at && (fault == Fault.FULL || fault == Fault.DEATH_IN_WRITE);
        if (truncates && steps.size() < at) {
            Disk.REAL.overwrite(path, new byte[0], mode);
        }
        takeSpace("overwrite", path);
        Disk.REAL.overwrite(path, content, mode);
    }

    @Override
    public boolean unlink(String path) throws LinuxException {
        step("unlink", path);
        return Disk.REAL.unlink(path);
    }

    @Override
    public void makeDirectories(String path, int mode) throws LinuxException {
        takeSpace("makeDirectories", path);
        Disk.REAL.makeDirectories(path, mode);
    }

    @Override
    public void setModified(String path, long seconds, int nanoseconds) throws LinuxException {
        step("setModified", path);
        Disk.REAL.setModified(path, seconds, nanoseconds);
    }
}
