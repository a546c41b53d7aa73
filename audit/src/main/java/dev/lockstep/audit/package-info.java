/** The auditor: holds a running or stopped system to what it promises, and shares no code with it. */
@NullMarked
package dev.lockstep.audit;

import org.jspecify.annotations.NullMarked;
