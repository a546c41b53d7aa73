/** The fault suite: injects every fault that Lockstep promises to survive while orders arrive, and runs the auditor afterwards. */
@NullMarked
package dev.lockstep.faults;

import org.jspecify.annotations.NullMarked;
