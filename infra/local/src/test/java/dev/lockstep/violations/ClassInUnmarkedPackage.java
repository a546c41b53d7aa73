package dev.lockstep.violations;

/** A violation on purpose: its package has no package-info. */
public final class ClassInUnmarkedPackage {}
