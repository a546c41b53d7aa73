package dev.lockstep.relay;

/** The slot that the engine reads is not the one that was there before it started, so rows may be missing from it. */
final class SlotReplacedException extends RuntimeException {
    SlotReplacedException(String slot) {
        super("slot " + slot + " is not the one that it was when the engine started");
    }
}
