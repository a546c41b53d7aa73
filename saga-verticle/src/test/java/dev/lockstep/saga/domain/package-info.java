@NullMarked
package dev.lockstep.saga.domain;

import org.jspecify.annotations.NullMarked;
