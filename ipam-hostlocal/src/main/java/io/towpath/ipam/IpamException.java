package io.towpath.ipam;

/** Why no address can be had; the code is the CNI error code to answer with. */
public final class IpamException extends Exception {
    private static final long serialVersionUID = 1;

    /** A variable of the environment, such as the container's ID, cannot be used. */
    public static final int INVALID_ENVIRONMENT = 4;
    /** The configuration has a value of the wrong type. */
    public static final int DECODING_FAILURE = 6;
    /** The configuration is well formed, but a value is out of range or missing. */
    public static final int INVALID_CONFIG = 7;
    /** Something is not there yet that will come by itself. */
    public static final int TRY_AGAIN_LATER = 11;
    /** No address is left. */
    public static final int NOT_AVAILABLE = 50;
    /** What the reference plugin reports without a code of its own. */
    public static final int INTERNAL = 999;

    private final int code;

    public IpamException(int code, String message) {
        super(message);
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** The message, never null. */
    public String message() {
        return String.valueOf(getMessage());
    }
}
