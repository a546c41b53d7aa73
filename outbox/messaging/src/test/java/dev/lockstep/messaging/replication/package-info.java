@NullMarked
package dev.lockstep.messaging.replication;

import org.jspecify.annotations.NullMarked;
