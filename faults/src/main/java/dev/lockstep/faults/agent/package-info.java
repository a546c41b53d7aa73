/** What runs inside the JVM of a service that is to crash at a certain point, or to do without one of its protections. */
@NullMarked
package dev.lockstep.faults.agent;

import org.jspecify.annotations.NullMarked;
