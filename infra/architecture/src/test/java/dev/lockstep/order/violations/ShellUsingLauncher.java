package dev.lockstep.order.violations;

import dev.lockstep.launcher.RunningService;

/** A deliberate violation. */
public final class ShellUsingLauncher {
    public void stop(RunningService service) {
        service.close();
    }
}
