package dev.lockstep.planted;

/** A violation on purpose: its package has no package-info. */
public final class InNoMarkedPackage {}
