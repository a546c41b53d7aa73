package dev.lockstep.order.violations;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/** A deliberate violation. */
public final class ShellMappingJson {
    public byte[] write(Object value) throws JsonProcessingException {
        return new ObjectMapper().writeValueAsBytes(value);
    }
}
