package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One call of the plugin as a runtime makes it, with verbs that only note that they were called. */
final class Call {
    static final String ABOUT = "CNI plugin test v42";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    final Map<String, String> environment = new HashMap<>();
    final List<Request> requests = new ArrayList<>();
    final List<String> called = new ArrayList<>();
    InputStream stdin;
    OutputStream stdout = new ByteArrayOutputStream();
    Result result = Result.EMPTY;

    @Nullable
    Throwable failure;

    Call(String command, String configuration) {
        environment.put("CNI_COMMAND", command);
        environment.put("CNI_CONTAINERID", "some-container-id");
        environment.put("CNI_NETNS", "/some/netns/path");
        environment.put("CNI_IFNAME", "eth0");
        environment.put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=p");
        environment.put("CNI_PATH", "/some/cni/path");
        stdin = new ByteArrayInputStream(configuration.getBytes(StandardCharsets.UTF_8));
    }

    /** The smallest configuration of a version. */
    static Call of(String command, String version) {
        return new Call(command, conf(version, ""));
    }

    /** A configuration with further keys: either empty or a list of pairs. */
    static String conf(String version, String more) {
        String separator = more.isEmpty() ? "" : ", ";
        String prevResult =
                more.contains("prevResult") ? "" : ", \"prevResult\": {\"cniVersion\": \"" + version + "\"}";
        return "{\"cniVersion\": \"" + version + "\", \"name\": \"net\", \"type\": \"towpath\"" + separator + more
                + (version.compareTo("0.4.0") >= 0 ? prevResult : "") + "}";
    }

    Call with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Call without(String... variables) {
        for (String variable : variables) {
            environment.remove(variable);
        }
        return this;
    }

    Outcome run() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Protocol.serve(
                environment, stdin, stdout, new PrintStream(err, true, StandardCharsets.UTF_8), ABOUT, new Recorder());
        return new Outcome(
                exitCode, stdout.toString(), err.toString(StandardCharsets.UTF_8), List.copyOf(called), requests);
    }

    /** What the runtime sees, and what was called on the way. */
    record Outcome(int exitCode, String stdout, String stderr, List<String> called, List<Request> requests) {
        /** The answer of a failed call, as a runtime reads it. */
        JsonNode error() {
            assertEquals(1, exitCode, stdout);
            return json();
        }

        JsonNode json() {
            try {
                return MAPPER.readTree(stdout);
            } catch (IOException e) {
                throw new UncheckedIOException(stdout, e);
            }
        }

        void assertError(int code, String msg, String details) {
            JsonNode error = error();
            assertEquals(msg, error.path("msg").textValue());
            assertEquals(code, error.path("code").intValue());
            assertEquals(details, error.path("details").asText(""));
            assertEquals(List.of(), called);
        }

        void assertSuccess(String... verbs) {
            assertEquals(0, exitCode, stdout);
            assertEquals(List.of(verbs), called);
        }

        Request request() {
            assertEquals(0, exitCode, stdout);
            return requests.getFirst();
        }
    }

    private final class Recorder implements Verbs {
        @Override
        public Result add(Request request) throws CniException, IOException {
            note("add", request);
            return result;
        }

        @Override
        public void del(Request request) throws CniException, IOException {
            note("del", request);
        }

        @Override
        public void check(Request request) throws CniException, IOException {
            note("check", request);
        }

        @Override
        public void gc(Request request) throws CniException, IOException {
            note("gc", request);
        }

        @Override
        public void status(Request request) throws CniException, IOException {
            note("status", request);
        }

        private void note(String verb, Request request) throws CniException, IOException {
            called.add(verb);
            requests.add(request);
            switch (failure) {
                case null -> {}
                case CniException e -> throw e;
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalArgumentException(failure);
            }
        }
    }
}
