package io.towpath.cni;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Protocol;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.cni.protocol.Verbs;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;

/** The executable: a CNI plugin when a runtime calls it. */
public final class Main {
    private static final String ABOUT = "CNI plugin towpath " + BuildInfo.VERSION;

    private Main() {}

    /** Serves one call of a runtime and ends the process. */
    public static void main(String[] arguments) {
        int exitCode = Protocol.serve(
                System.getenv(),
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                System.err,
                ABOUT,
                new NoVerbs());
        Runtime.getRuntime().halt(exitCode);
    }

    private static final class NoVerbs implements Verbs {
        @Override
        public Result add(Request request) throws CniException {
            throw notYet();
        }

        @Override
        public void del(Request request) throws CniException {
            throw notYet();
        }

        @Override
        public void check(Request request) throws CniException {
            throw notYet();
        }

        @Override
        public void gc(Request request) throws CniException {
            throw notYet();
        }

        @Override
        public void status(Request request) throws CniException {
            throw notYet();
        }

        private static CniException notYet() {
            return new CniException(CniException.NOT_AVAILABLE, "the verbs are not built in");
        }
    }
}
