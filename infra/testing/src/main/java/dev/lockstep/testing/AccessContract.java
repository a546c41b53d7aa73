package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The tests of the rights that the routes of a service require, and of the document that describes them. Each service has a test class that
 * implements this interface. The service has read the keys of the issuer.
 */
public interface AccessContract {
    /** The document that the service serves. */
    ApiDocument document();

    /** The operations of the service, such as {@code GET /orders/{id}}. */
    Set<String> operations();

    @Test
    default void the_document_describes_every_route_and_no_other() {
        ApiDocument document = document();

        assertThat(document.operations()).isEqualTo(operations()).hasSizeGreaterThan(20);
        assertThat(document.json().getString("openapi")).isEqualTo("3.1.0");
        document.validate();
    }

    @Test
    default void every_route_permits_the_scopes_of_the_document_and_no_others() {
        ApiDocument document = document();

        assertThat(document.contradictions()).isEmpty();
        assertThat(document.open()).containsExactly("GET /health/live", "GET /health/ready", "GET /openapi.json");
    }
}
