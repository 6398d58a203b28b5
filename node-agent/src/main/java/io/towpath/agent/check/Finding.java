package io.towpath.agent.check;

/**
 * What a check found.
 *
 * @param check the check's name
 * @param found one line
 * @param mend what to do, one line; empty if nothing
 */
public record Finding(String check, Verdict verdict, String found, String mend) {
    /** How bad it is. */
    public enum Verdict {
        /** As it should be. */
        OK,
        /** Breaks something in some setups, or cannot be known. */
        WARN,
        /** Breaks something. */
        FAIL
    }

    static Finding ok(String check, String found) {
        return new Finding(check, Verdict.OK, found, "");
    }

    static Finding warn(String check, String found, String mend) {
        return new Finding(check, Verdict.WARN, found, mend);
    }

    static Finding fail(String check, String found, String mend) {
        return new Finding(check, Verdict.FAIL, found, mend);
    }
}
