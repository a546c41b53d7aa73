/** Tests of the relay. They are one package because the relay is, and because most of them use {@code OutboxFixture}. */
@NullMarked
package dev.lockstep.relay;

import org.jspecify.annotations.NullMarked;
