@NullMarked
package dev.lockstep.payment.domain;

import org.jspecify.annotations.NullMarked;
