/** The certificate of the HTTP servers: read from files, checked, and read again when the files change. */
@NullMarked
package dev.lockstep.runtime.tls;

import org.jspecify.annotations.NullMarked;
