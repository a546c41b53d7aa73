@NullMarked
package dev.lockstep.inventory.domain;

import org.jspecify.annotations.NullMarked;
