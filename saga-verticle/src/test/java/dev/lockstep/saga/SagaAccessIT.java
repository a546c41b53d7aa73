package dev.lockstep.saga;

import static org.awaitility.Awaitility.await;

import dev.lockstep.testing.AccessContract;
import dev.lockstep.testing.ApiDocument;
import dev.lockstep.testing.TestIssuer;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The rights that the routes require. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class SagaAccessIT implements AccessContract {
    @RegisterExtension
    static final TestIssuer issuer = new TestIssuer();

    @RegisterExtension
    static final SagaService service = new SagaService(issuer.settings());

    @BeforeAll
    static void awaitKeys() {
        // A garbage token is refused once the keys of the issuer are there; until then it is answered 503.
        await().until(() ->
                service.get("/sagas", "Authorization", "Bearer garbage").status() == 401);
    }

    @Override
    public ApiDocument document() {
        return new ApiDocument(service.address(), issuer);
    }

    @Override
    public Set<String> operations() {
        return service.operations();
    }
}
