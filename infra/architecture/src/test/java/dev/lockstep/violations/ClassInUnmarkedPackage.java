package dev.lockstep.violations;

/** A deliberate violation: its package has no package-info. */
public final class ClassInUnmarkedPackage {}
