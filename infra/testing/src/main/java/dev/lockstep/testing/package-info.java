/** Shared servers and fixtures for the tests of all modules. Only tests depend on it. */
@NullMarked
package dev.lockstep.testing;

import org.jspecify.annotations.NullMarked;
