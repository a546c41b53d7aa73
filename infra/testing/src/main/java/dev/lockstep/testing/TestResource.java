package dev.lockstep.testing;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A part of the {@link TestServers} that a test uses, such as a database. The constructor opens it. A test class declares it in a field
 * with {@code @RegisterExtension}: one in an instance field is closed after each test, one in a static field after all tests of the class.
 */
public abstract class TestResource
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, AutoCloseable {
    // JUnit calls beforeAll only for static fields: for the class, and for each nested class in it.
    private int enclosingClasses;

    @Override
    public final void beforeAll(ExtensionContext context) {
        TestServers.stopAfterSession(context);
        enclosingClasses++;
    }

    @Override
    public final void beforeEach(ExtensionContext context) {
        TestServers.stopAfterSession(context);
    }

    @Override
    public final void afterEach(ExtensionContext context) {
        if (enclosingClasses == 0) {
            close();
        }
    }

    @Override
    public final void afterAll(ExtensionContext context) {
        enclosingClasses--;
        if (enclosingClasses == 0) {
            close();
        }
    }

    @Override
    public abstract void close();
}
