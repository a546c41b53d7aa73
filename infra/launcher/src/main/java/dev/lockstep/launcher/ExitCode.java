package dev.lockstep.launcher;

/** Exit codes of the services and of the local stack. */
public final class ExitCode {
    /** The process has stopped as requested, or has done what it was started for. */
    public static final int STOPPED = 0;
    /** It could not start, or it failed. */
    public static final int FAILED = 1;
    /** Its options or settings are invalid. */
    public static final int MISCONFIGURED = 2;

    private ExitCode() {}
}
