@NullMarked
package dev.lockstep.messaging.http;

import org.jspecify.annotations.NullMarked;
