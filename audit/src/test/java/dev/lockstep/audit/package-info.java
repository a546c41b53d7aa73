@NullMarked
package dev.lockstep.audit;

import org.jspecify.annotations.NullMarked;
