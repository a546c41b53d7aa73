/**
 * The fault suite: injects every fault that Lockstep promises to survive while orders arrive, and runs the auditor afterwards.
 *
 * <p>{@code FaultCases} lists the cases, which are in the {@code ...Cases} classes, and {@code Suite} runs them. These are many classes for
 * one package, but only {@code FaultsApp} is used from outside, and every case uses the same {@code CaseRun} and {@code Stack}.
 */
@NullMarked
package dev.lockstep.faults;

import org.jspecify.annotations.NullMarked;
