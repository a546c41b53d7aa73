package dev.lockstep.local;

import dev.lockstep.runtime.Env;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The options and settings of the local stack.
 *
 * @param data the folder for all data and logs
 * @param fresh whether to start with empty data
 * @param services the services to start
 * @param httpPorts the port of each service, including services that are not started; 0 for any free port, as with the other ports
 * @param environment the environment for the services: that of this process without the settings of the local stack
 */
record LocalConfig(
        Path data,
        boolean fresh,
        Set<Service> services,
        int postgresPort,
        int kafkaPort,
        Map<Service, Integer> httpPorts,
        Map<String, String> environment) {
    static final String DATA = "LOCKSTEP_DATA";
    static final String POSTGRES_PORT = "POSTGRES_PORT";
    static final String KAFKA_PORT = "KAFKA_PORT";
    private static final int HIGHEST_PORT = 65_535;

    LocalConfig {
        services = Set.copyOf(services);
        httpPorts = Map.copyOf(httpPorts);
        environment = Map.copyOf(environment);
    }

    /** @throws dev.lockstep.runtime.SettingsException with all problems of the options and settings */
    static LocalConfig from(List<String> options, Map<String, String> environment) {
        Env env = new Env(environment);
        boolean fresh = false;
        Set<Service> services = EnumSet.allOf(Service.class);
        for (Iterator<String> rest = options.iterator(); rest.hasNext(); ) {
            String option = rest.next();
            switch (option) {
                case "--fresh" -> fresh = true;
                case "--only" -> services = services(env, rest.hasNext() ? rest.next() : "");
                default -> env.check(false, option + " is not an option; ./up --help lists them");
            }
        }

        Path data = Path.of(env.string(DATA, ".lockstep")).toAbsolutePath().normalize();
        int postgresPort = port(env, POSTGRES_PORT, 5432);
        int kafkaPort = port(env, KAFKA_PORT, 9092);
        Map<Service, Integer> httpPorts = new EnumMap<>(Service.class);
        for (Service service : Service.values()) {
            httpPorts.put(service, port(env, service.portSetting(), service.defaultPort()));
        }
        checkDistinctPorts(env, postgresPort, kafkaPort, httpPorts);
        env.check(
                env.string("HTTP_TLS_CERT", "").isEmpty()
                        && env.string("HTTP_TLS_KEY", "").isEmpty(),
                "HTTP_TLS_CERT and HTTP_TLS_KEY must not be set: the local stack serves HTTP only, and asks its services"
                        + " without TLS whether they are ready");

        boolean startFresh = fresh;
        Set<Service> chosen = services;
        return env.build(
                "Lockstep",
                () -> new LocalConfig(
                        data, startFresh, chosen, postgresPort, kafkaPort, httpPorts, serviceEnvironment(environment)));
    }

    /** The issuer of the tokens that the services accept. Empty if every request is permitted. */
    String issuer() {
        return environment.getOrDefault("AUTH_ISSUER", "").strip();
    }

    /** Whether the settings state that every request is permitted, even from other machines. */
    boolean isDeclaredOpen() {
        return environment.getOrDefault("AUTH", "").strip().equalsIgnoreCase("none");
    }

    private static Set<Service> services(Env env, String list) {
        Set<Service> services = EnumSet.noneOf(Service.class);
        for (String id : list.split(",", -1)) {
            Service.of(id.strip())
                    .ifPresentOrElse(
                            services::add,
                            () -> env.check(
                                    false,
                                    "--only must be a comma-separated list of " + Service.allIds() + ", but was \""
                                            + list + "\""));
        }
        return services;
    }

    private static int port(Env env, String setting, int defaultPort) {
        int port = env.integer(setting, defaultPort);
        env.check(port >= 0 && port <= HIGHEST_PORT, setting + " must be from 0 to 65535, but was " + port);
        return port;
    }

    private static void checkDistinctPorts(Env env, int postgresPort, int kafkaPort, Map<Service, Integer> httpPorts) {
        List<Integer> ports = new ArrayList<>(httpPorts.values());
        ports.add(postgresPort);
        ports.add(kafkaPort);
        Set<Integer> seen = new HashSet<>();
        for (int port : ports) {
            env.check(
                    port == 0 || seen.add(port),
                    "port " + port + " is set for more than one of Postgres, Kafka and the services");
        }
    }

    // The remaining variables reach the services. They would treat KAFKA_PORT as a property of Kafka's clients.
    private static Map<String, String> serviceEnvironment(Map<String, String> environment) {
        Map<String, String> rest = new HashMap<>(environment);
        rest.keySet().removeAll(Set.of(DATA, POSTGRES_PORT, KAFKA_PORT));
        for (Service service : Service.values()) {
            rest.remove(service.portSetting());
        }
        return rest;
    }
}
