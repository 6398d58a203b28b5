package io.towpath.overlay;

/** What a cluster says of a node's life, the most alive first. */
public enum Health {
    /** It takes pods: its condition Ready is True. */
    READY,
    /** It says of itself that it takes none, or nothing is known. */
    REPORTING,
    /** It has said nothing for some while: its condition Ready is Unknown. */
    SILENT
}
