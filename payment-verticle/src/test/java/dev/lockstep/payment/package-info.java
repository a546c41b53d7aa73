@NullMarked
package dev.lockstep.payment;

import org.jspecify.annotations.NullMarked;
