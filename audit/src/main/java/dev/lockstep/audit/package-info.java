/** The auditor: checks that a running or stopped system keeps its guarantees. It shares no code with the system. */
@NullMarked
package dev.lockstep.audit;

import org.jspecify.annotations.NullMarked;
