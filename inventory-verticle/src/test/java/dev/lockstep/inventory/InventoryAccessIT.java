package dev.lockstep.inventory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.ApiDocument;
import dev.lockstep.testing.TestIssuer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The rights that the routes require, and the document that describes them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class InventoryAccessIT {
    @RegisterExtension
    static final TestIssuer issuer = new TestIssuer();

    @RegisterExtension
    static final InventoryService service = new InventoryService(issuer.settings());

    @BeforeAll
    static void awaitKeys() {
        // A garbage token is refused once the keys of the issuer are there; until then it is answered 503.
        await().until(() ->
                service.get("/products", "Authorization", "Bearer garbage").status() == 401);
    }

    @Test
    void the_document_describes_every_route_and_no_other() {
        ApiDocument document = new ApiDocument(service.address(), issuer);

        assertThat(document.operations()).isEqualTo(service.operations()).hasSizeGreaterThan(20);
        assertThat(document.json().getString("openapi")).isEqualTo("3.1.0");
        document.validate();
    }

    @Test
    void every_route_permits_the_scopes_of_the_document_and_no_others() {
        ApiDocument document = new ApiDocument(service.address(), issuer);

        assertThat(document.contradictions()).isEmpty();
        assertThat(document.open()).containsExactly("GET /health/live", "GET /health/ready", "GET /openapi.json");
    }
}
