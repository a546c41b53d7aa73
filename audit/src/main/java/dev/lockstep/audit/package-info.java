/**
 * The auditor: checks that a running or stopped system keeps its guarantees. It shares no code with the system.
 *
 * <p>{@code Audit} shows the order of the steps. The {@code ...Store} classes and {@code KafkaReader} read the evidence, and the
 * {@code ...Check} classes judge it. {@code ReportText} and {@code ReportJson} write the result. These are many classes for one package,
 * but only {@code AuditApp} is used from outside, and dividing the package would make the shared evidence records public.
 */
@NullMarked
package dev.lockstep.audit;

import org.jspecify.annotations.NullMarked;
