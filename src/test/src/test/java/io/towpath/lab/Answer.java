package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** What a plugin answered. */
public record Answer(String what, int exit, String out, String err) {

    /** Fails unless the call succeeded. */
    public Answer succeeded() {
        if (exit != 0) {
            throw new AssertionError("exit code " + exit + " of " + this);
        }
        return this;
    }

    /** As {@link #succeeded} for verbs that print nothing. */
    public void succeededSilently() {
        succeeded();
        if (!out.isEmpty() || !err.isEmpty()) {
            throw new AssertionError("should print nothing: " + this);
        }
    }

    /** The result of an ADD. */
    public ObjectNode result() {
        succeeded();
        return (ObjectNode) Json.read(out);
    }

    /** The first address of a result, without the prefix length. */
    public String address() {
        return addresses().getFirst();
    }

    /** The addresses of a result of any version, without their prefix lengths. */
    public List<String> addresses() {
        return addresses(result());
    }

    static List<String> addresses(JsonNode result) {
        List<String> addresses = new ArrayList<>();
        for (JsonNode ip : result.path("ips")) {
            addresses.add(withoutLength(ip.path("address").asText()));
        }
        for (String family : List.of("ip4", "ip6")) {
            if (result.has(family)) {
                addresses.add(withoutLength(result.path(family).path("ip").asText()));
            }
        }
        return addresses;
    }

    private static String withoutLength(String prefix) {
        int slash = prefix.indexOf('/');
        return slash < 0 ? prefix : prefix.substring(0, slash);
    }

    /** The error, which has to be one JSON object on stdout with a code and a message, at exit code 1. */
    public JsonNode error() {
        if (exit != 1) {
            throw new AssertionError("exit code " + exit + ", 1 was expected of " + this);
        }
        JsonNode error = Json.read(out);
        if (!error.isObject()
                || !error.path("code").isInt()
                || error.path("msg").asText().isBlank()) {
            throw new AssertionError("no CNI error on stdout: " + this);
        }
        return error;
    }

    /** Fails unless the call failed with this code. Returns the message and, if there are any, the details. */
    public String failedWith(int code) {
        JsonNode error = error();
        if (error.path("code").intValue() != code) {
            throw new AssertionError("the code should be " + code + ": " + this);
        }
        return error.path("msg").asText() + "; " + error.path("details").asText();
    }

    @Override
    public String toString() {
        return what + "\nstdout: " + out + "\nstderr: " + err;
    }
}
