#!/usr/bin/env bash
# io.fabric8:kubernetes-client 7.8.0 reads a kubeconfig without two fields of its user, and says nothing:
#
#   tokenFile   the request goes out without any Authorization header, so the API server takes it for system:anonymous
#   as          the request goes out without Impersonate-User, so it has the rights of the user itself, not of the one to ask as
#
# Both are in client-go's AuthInfo (clientcmd/api/v1) and work with kubectl; the Java model has them, too, as AuthInfo.getTokenFile() and
# getAs(). A token of the same user written as "token" is sent. Seen with Java 25 on Debian 12, 2026-11-30:
#
#   token        Authorization=Bearer from-the-kubeconfig Impersonate-User=null
#   tokenFile    Authorization=null Impersonate-User=null
#   as           Authorization=Bearer from-the-kubeconfig Impersonate-User=null
#
# Needs a JDK from version 17 on, and Maven. Fails if the library behaves otherwise.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.fabric8</groupId>
      <artifactId>kubernetes-client-api</artifactId>
      <version>7.8.0</version>
    </dependency>
    <dependency>
      <groupId>io.fabric8</groupId>
      <artifactId>kubernetes-client</artifactId>
      <version>7.8.0</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -B -ntp -q -Dmaven.repo.local="$work/repository" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath -Dmdep.outputFile=classpath

cat >Ask.java <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

public class Ask {
    public static void main(String[] arguments) throws Exception {
        StringBuilder seen = new StringBuilder();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            seen.append("Authorization=").append(exchange.getRequestHeaders().getFirst("Authorization"));
            seen.append(" Impersonate-User=").append(exchange.getRequestHeaders().getFirst("Impersonate-User"));
            byte[] answer = "{}".getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        Files.writeString(Path.of("token"), "from-the-file");
        Map<String, String> users = new LinkedHashMap<>();
        users.put("token", "{token: from-the-kubeconfig}");
        users.put("tokenFile", "{tokenFile: token}");
        users.put("as", "{token: from-the-kubeconfig, as: somebody}");
        for (Map.Entry<String, String> user : users.entrySet()) {
            Path file = Files.writeString(Path.of("kubeconfig"), """
                    apiVersion: v1
                    kind: Config
                    clusters: [{name: lab, cluster: {server: "http://127.0.0.1:%d"}}]
                    users: [{name: lab, user: %s}]
                    contexts: [{name: lab, context: {cluster: lab, user: lab}}]
                    current-context: lab
                    """.formatted(server.getAddress().getPort(), user.getValue()));
            Config config = Config.fromKubeconfig(file.toFile());
            seen.setLength(0);
            try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
                client.raw("/version");
            }
            System.out.printf("%-12s %s%n", user.getKey(), seen);
        }
        server.stop(0);
        System.exit(0);
    }
}
JAVA
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "$(<classpath)" Ask.java)
echo "$seen"
wanted='token        Authorization=Bearer from-the-kubeconfig Impersonate-User=null
tokenFile    Authorization=null Impersonate-User=null
as           Authorization=Bearer from-the-kubeconfig Impersonate-User=null'
[[ $seen == "$wanted" ]] || {
  echo "the library behaves otherwise now" >&2
  exit 1
}
