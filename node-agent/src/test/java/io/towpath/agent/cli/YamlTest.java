package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

class YamlTest {
    @Test
    void blocksForWhatHasContentAndQuotesForWhatCouldBeElse() throws Exception {
        assertEquals("""
                name: shop/web
                empty: []
                none: null
                count: 3
                address: "10.0.0.1"
                answer: "no"
                text: "a: b"
                "10.1": {}
                list:
                  - one: 1
                    two:
                      - x
                  - - "1"
                    - "#"
                """, Yaml.of(new JsonMapper().readTree("""
                {"name": "shop/web", "empty": [], "none": null, "count": 3, "address": "10.0.0.1", "answer": "no",
                 "text": "a: b", "10.1": {}, "list": [{"one": 1, "two": ["x"]}, ["1", "#"]]}
                """)));
    }
}
