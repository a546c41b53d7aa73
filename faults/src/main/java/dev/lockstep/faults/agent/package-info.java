/** Code that runs inside a service's JVM: makes the service crash at a given point, or disables one of its protections. */
@NullMarked
package dev.lockstep.faults.agent;

import org.jspecify.annotations.NullMarked;
