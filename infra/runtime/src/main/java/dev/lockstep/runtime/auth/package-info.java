/** Sign-in and rights: who calls, what the caller may do, and which routes require which right. */
@NullMarked
package dev.lockstep.runtime.auth;

import org.jspecify.annotations.NullMarked;
