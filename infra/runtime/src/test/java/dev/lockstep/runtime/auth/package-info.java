@NullMarked
package dev.lockstep.runtime.auth;

import org.jspecify.annotations.NullMarked;
