package io.towpath.cni.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.FailureLine;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call of a runtime from environment and stdin to stdout and exit code, in the order of the reference library
 * (pkg/skel): environment, stdin, JSON, name, version, verb.
 *
 * <p>Stdout carries the result or the error, in one write, and nothing else; an error makes the exit code 1.
 */
public final class Protocol {
    private static final int FIRST_READ = 16 << 10;
    private static final byte[] VERSIONS = versions();

    private final Map<String, String> environment;
    private final InputStream in;
    private final OutputStream out;
    private final PrintStream err;
    private final String about;
    private String version = CniVersion.CURRENT;

    private Protocol(Map<String, String> environment, InputStream in, OutputStream out, PrintStream err, String about) {
        this.environment = environment;
        this.in = in;
        this.out = out;
        this.err = err;
        this.about = about;
    }

    /**
     * Serves one call.
     *
     * @param environment the process's environment
     * @param in read to its end unless the verb is VERSION; {@value Json#MAX_BYTES} bytes at most
     * @param out receives a result or an error
     * @param err receives warnings, and the about text when there is no verb
     * @param about the line that says what this executable is
     * @param verbs what to do
     * @return the exit code: 0 or 1
     */
    public static int serve(
            Map<String, String> environment,
            InputStream in,
            OutputStream out,
            PrintStream err,
            String about,
            Verbs verbs) {
        return new Protocol(environment, in, out, err, about).serve(verbs);
    }

    @SuppressWarnings("CatchAndPrintStackTrace")
    private int serve(Verbs verbs) {
        try {
            call(verbs);
            return 0;
        } catch (CniException e) {
            return fail(e, e);
        } catch (IOException | RuntimeException | Error e) {
            return fail(new CniException(CniException.INTERNAL, FailureLine.of(e)), e);
        }
    }

    private int fail(CniException failure, Throwable cause) {
        if (!env(FailureLine.DEBUG_VARIABLE).isEmpty()) {
            cause.printStackTrace(err);
        }
        byte[] json = new JsonText()
                .beginObject()
                .field("cniVersion", version)
                .field("code", failure.code())
                .field("msg", failure.msg())
                .optional("details", failure.details())
                .endObject()
                .bytes();
        try {
            out.write(json);
        } catch (IOException e) {
            err.println("cannot write to stdout: " + e.getMessage() + "; the error was: " + failure.msg());
        }
        return 1;
    }

    private void call(Verbs verbs) throws CniException, IOException {
        String command = env("CNI_COMMAND");
        if (command.isEmpty()) {
            err.print(about + "\nCNI protocol versions supported: " + String.join(", ", CniVersion.SUPPORTED) + "\n");
            return;
        }
        Verb verb = Verb.of(command);
        if (verb == Verb.VERSION) {
            out.write(VERSIONS);
            return;
        }
        requireEnvironment(verb);
        Fields conf = new Fields(readConfiguration(), "");
        String name = conf.text("name");
        Names.requireNetworkName(name);
        if (verb == null) {
            throw new CniException(CniException.INVALID_ENVIRONMENT, "unknown CNI_COMMAND: " + command);
        }
        String configVersion = conf.text("cniVersion");
        if (configVersion.isEmpty()) {
            configVersion = CniVersion.UNDECLARED;
        }
        switch (verb) {
            case CHECK -> CniVersion.requireVerb(verb, configVersion, "0.4.0");
            case GC, STATUS -> CniVersion.requireVerb(verb, configVersion, "1.1.0");
            default -> {}
        }
        CniVersion.requireSupported(configVersion);
        version = configVersion;
        dispatch(request(verb, name, conf.node()), verbs);
    }

    private void dispatch(Request request, Verbs verbs) throws CniException, IOException {
        switch (request.verb()) {
            case ADD -> answer(request, verbs.add(request), verbs);
            case DEL -> verbs.del(request);
            case CHECK -> verbs.check(request);
            case GC -> verbs.gc(request);
            case STATUS -> verbs.status(request);
            case VERSION -> throw new IllegalStateException("VERSION has no request");
        }
    }

    /** A result that cannot be told is a failed ADD, and a failed ADD leaves nothing behind. */
    private void answer(Request request, Result result, Verbs verbs) throws CniException, IOException {
        try {
            out.write(ResultWriter.write(result, version));
        } catch (CniException | IOException e) {
            try {
                verbs.del(request);
            } catch (CniException | IOException undo) {
                e.addSuppressed(undo);
            }
            throw e instanceof CniException failure
                    ? failure
                    : new CniException(CniException.IO_FAILURE, "error writing the result: " + e.getMessage(), "", e);
        }
    }

    private Request request(Verb verb, String name, ObjectNode tree) throws CniException {
        List<String> warnings = new ArrayList<>();
        CniArgs args = args(verb, warnings);
        NetConf conf = NetConfReader.read(verb, version, name, tree, args, warnings);
        for (String warning : warnings) {
            err.println("DEL goes on without what it cannot read: " + warning);
        }
        boolean perAttachment = verb.isPerAttachment();
        String override = env("CNI_NETNS_OVERRIDE");
        return new Request(
                verb,
                perAttachment ? env("CNI_CONTAINERID") : "",
                perAttachment ? env("CNI_NETNS") : "",
                perAttachment ? env("CNI_IFNAME") : "",
                args,
                override.equals("1") || override.equalsIgnoreCase("true"),
                conf);
    }

    private CniArgs args(Verb verb, List<String> warnings) throws CniException {
        if (!verb.isPerAttachment()) {
            return CniArgs.EMPTY;
        }
        try {
            return CniArgs.parse(env("CNI_ARGS"));
        } catch (CniException e) {
            if (verb != Verb.DEL) {
                throw e;
            }
            warnings.add(e.msg() + ": " + e.details());
            return CniArgs.EMPTY;
        }
    }

    /** All that is missing is reported together, but what is wrong is reported at once. */
    private void requireEnvironment(@Nullable Verb verb) throws CniException {
        if (verb == null) {
            return;
        }
        List<String> missing = new ArrayList<>();
        if (verb.isPerAttachment()) {
            String containerId = env("CNI_CONTAINERID");
            if (containerId.isEmpty()) {
                missing.add("CNI_CONTAINERID");
            } else {
                Names.requireContainerId(containerId);
            }
            if (verb != Verb.DEL && env("CNI_NETNS").isEmpty()) {
                missing.add("CNI_NETNS");
            }
            String ifName = env("CNI_IFNAME");
            if (ifName.isEmpty()) {
                missing.add("CNI_IFNAME");
            } else {
                Names.requireInterfaceName(ifName);
            }
        }
        if (env("CNI_PATH").isEmpty()) {
            missing.add("CNI_PATH");
        }
        if (!missing.isEmpty()) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT,
                    "required env variables [" + String.join(",", missing) + "] missing");
        }
    }

    private String env(String name) {
        String value = environment.get(name);
        return value == null ? "" : value;
    }

    private ObjectNode readConfiguration() throws CniException {
        byte[] bytes = new byte[FIRST_READ];
        int length = 0;
        try {
            for (int read = 0; read >= 0; read = in.read(bytes, length, bytes.length - length)) {
                length += read;
                if (length > Json.MAX_BYTES) {
                    throw new CniException(
                            CniException.DECODING_FAILURE,
                            "network config is larger than " + Json.MAX_BYTES + " bytes");
                }
                if (length == bytes.length) {
                    bytes = Arrays.copyOf(bytes, 2 * length);
                }
            }
        } catch (IOException e) {
            throw new CniException(CniException.IO_FAILURE, "error reading from stdin: " + e.getMessage(), "", e);
        }
        JsonNode tree = Json.read(bytes, length);
        if (tree instanceof ObjectNode object) {
            return object;
        }
        if (tree.isNull()) {
            return Fields.NONE.node();
        }
        throw Json.undecodable("the top-level value must be an object, not " + Fields.typeOf(tree));
    }

    private static byte[] versions() {
        StringBuilder json = new StringBuilder("{\"cniVersion\":\"").append(CniVersion.CURRENT);
        json.append("\",\"supportedVersions\":[\"").append(String.join("\",\"", CniVersion.SUPPORTED));
        return json.append("\"]}\n").toString().getBytes(StandardCharsets.UTF_8);
    }
}
