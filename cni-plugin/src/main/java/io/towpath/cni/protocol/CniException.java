package io.towpath.cni.protocol;

/**
 * A failure as a runtime sees it: an error code, a short message and, if there is more to say, details (SPEC section 5,
 * "Error").
 */
public final class CniException extends Exception {
    private static final long serialVersionUID = 1;

    /** The configuration asks for a protocol version that is not spoken here. */
    public static final int INCOMPATIBLE_VERSION = 1;
    /** A field that is not supported; the message names key and value. */
    public static final int UNSUPPORTED_FIELD = 2;
    /** The container does not exist: the runtime need not send DEL. */
    public static final int UNKNOWN_CONTAINER = 3;
    /** An environment variable is missing or invalid; the message names it. */
    public static final int INVALID_ENVIRONMENT = 4;
    /** Reading or writing failed. */
    public static final int IO_FAILURE = 5;
    /** The configuration is not JSON or has values of the wrong type. */
    public static final int DECODING_FAILURE = 6;
    /** The configuration is well formed, but a value is out of range or missing. */
    public static final int INVALID_CONFIG = 7;
    /** {@code CNI_NETNS} is no network namespace of a container (the reference library's code, not the specification's). */
    public static final int INVALID_NETNS = 8;
    /** A passing condition: the runtime should try again. */
    public static final int TRY_AGAIN_LATER = 11;
    /** STATUS: ADD cannot be served. */
    public static final int NOT_AVAILABLE = 50;
    /** STATUS: ADD cannot be served, and existing containers may have limited connectivity. */
    public static final int LIMITED_CONNECTIVITY = 51;
    /** A port of the node's that is asked for leads to another container already. */
    public static final int HOST_PORT_TAKEN = 100;
    /** Whatever was not foreseen (the reference library's code, not the specification's). */
    public static final int INTERNAL = 999;

    private final int code;
    private final String details;

    public CniException(int code, String msg) {
        this(code, msg, "");
    }

    /** @param details empty if there are none; the error JSON then has no such key */
    public CniException(int code, String msg, String details) {
        super(msg);
        this.code = code;
        this.details = details;
    }

    public CniException(int code, String msg, String details, Throwable cause) {
        super(msg, cause);
        this.code = code;
        this.details = details;
    }

    /** The answer to a {@code CNI_NETNS} that is the namespace of this process, that is the node's. */
    public static CniException ownNamespace() {
        return new CniException(INVALID_NETNS, "plugin's netns and netns from CNI_NETNS should not be the same", "");
    }

    public int code() {
        return code;
    }

    /** The short message, the {@code msg} of the error JSON. */
    public String msg() {
        String message = getMessage();
        return message == null ? "" : message;
    }

    /** The longer message, or an empty text. */
    public String details() {
        return details;
    }
}
